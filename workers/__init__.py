"""Turns one replay into chunk pairs, on one machine. It imports manifests and never farm."""
