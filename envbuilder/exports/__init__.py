"""Environments as files that run elsewhere: a lock with its wheels, or a tree; and back into a store."""
