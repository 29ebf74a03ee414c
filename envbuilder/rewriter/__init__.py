"""The rewrite stage: a spec as the model wrote it to a spec that can be resolved, every change told."""
