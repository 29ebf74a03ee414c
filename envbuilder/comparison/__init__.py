"""What changes from one model's environment to another's: a value, and one module per output format."""
