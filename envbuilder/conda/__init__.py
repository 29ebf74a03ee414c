"""Conda packages without a conda: found, locked and installed by py-rattler, which runs in child processes alone."""
