"""Notes that a run keeps on the store while it is under way, for people who watch it."""
