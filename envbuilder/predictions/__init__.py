"""Real predictions in a model's own environment, and what was wrong where there are none."""
