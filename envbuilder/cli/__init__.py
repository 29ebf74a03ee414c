"""The command line: arguments, progress, what people see, exit codes."""
