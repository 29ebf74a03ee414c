"""Registries of models: every version judged, one mended and registered anew."""
