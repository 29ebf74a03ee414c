"""Direct references: their bytes brought into the store, and source trees as archives that are always the same."""
