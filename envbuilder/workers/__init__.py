"""A model in a child process, in its own environment: values go over to it, predictions come back."""
