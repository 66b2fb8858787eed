"""Shows how a dataset, and the runs that render into it, stand at this moment."""
