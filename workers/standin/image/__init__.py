"""The stand-in game's program: compiled from `../game`, and packed with the replay that it plays."""
