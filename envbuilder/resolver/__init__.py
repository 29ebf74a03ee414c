"""Resolve: from what a model asks for to the exact files of one target."""
