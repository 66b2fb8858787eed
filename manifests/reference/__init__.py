"""Models that train on a dataset: short examples to copy, and proof that the loader serves real work."""
