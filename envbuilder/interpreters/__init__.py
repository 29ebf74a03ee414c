"""Interpreters: which Pythons this host has, what each one is, and which one fits a wish."""
