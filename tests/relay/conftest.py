"""Real builds and locks, as the builder's tests make them."""

from __future__ import annotations

from tests.builder.conftest import engine, host, make, own_pip, running, shop, store

__all__ = ["engine", "host", "make", "own_pip", "running", "shop", "store"]
