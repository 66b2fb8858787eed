"""How a dataset and the runs on it stand now."""
