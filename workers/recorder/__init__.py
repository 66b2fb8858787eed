"""Records replays of its own: a seeded match simulation written as spec-conforming .slp."""
