"""The stand-in for Melee: our homebrew GameCube game, its packed image, and a recorder of replays."""
