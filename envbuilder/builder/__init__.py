"""Building: from a lock and an interpreter to an environment of the store that is proved to import."""
