"""Notes that a run keeps on the store for people who watch it; none of them is meant to outlive the run."""
