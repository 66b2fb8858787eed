"""Compiles the stand-in game from `../game`, and packs it with the replay that it plays."""
