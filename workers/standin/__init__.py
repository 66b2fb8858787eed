"""The stand-in game: a homebrew GameCube program that draws a replay, and its packer."""
