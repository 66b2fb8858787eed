"""The state of a game, frame by frame: the declared columns, the table that holds them, and states files."""
