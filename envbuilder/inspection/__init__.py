"""A Python against a model's lock: what differs, ranked by what matters to the model, without importing any of it."""
