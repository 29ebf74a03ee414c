"""The parse stage: a model's files to one EnvSpec, as data."""
