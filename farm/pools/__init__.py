"""The pools that run games: slots on this machine or on a Ray cluster, behind the engine's contract."""
