"""Example models that train on a dataset: short, to be copied, and proof that the loader serves real work."""
