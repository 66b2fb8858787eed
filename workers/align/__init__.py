"""Collect evidence that picture k shows state k, and decide on it: pure functions from arrays to arrays."""
