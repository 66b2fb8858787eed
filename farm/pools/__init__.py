"""Who does the work: slots on this machine or on a Ray cluster, behind the engine's contract."""
