"""Indexes and proxies with secrets, made usable for tools that must not know them."""
