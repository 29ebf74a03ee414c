"""The store: locks, environments and package caches of one host, shared by its processes."""
