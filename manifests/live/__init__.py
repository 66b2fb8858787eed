"""What a run that is under way leaves on the store for whoever watches it; nothing of it outlives the run."""
