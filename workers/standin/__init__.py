"""Our stand-in for Melee: a homebrew GameCube game, its packed image, and a recorder of replays."""
