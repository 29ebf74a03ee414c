"""Models behind a URI: their environment files, or all of them, brought into the store by MLflow in a child."""
