"""Compile the stand-in game from `../game`, and pack it with the replay that it plays."""
