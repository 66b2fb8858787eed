"""The game's state, frame by frame: declared columns, the table that holds them, and files of it."""
