"""The state of the game, frame by frame: declared columns, the table that holds them, files that keep it."""
