"""Ready environments where MLflow looks for its own, so that its commands start at once."""
