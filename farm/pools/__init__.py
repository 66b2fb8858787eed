"""The pools that run games, as farm.engine.pool defines them: slots on this machine or on a Ray cluster."""
