"""Using an environment: restore it, hold it, run something in it."""
