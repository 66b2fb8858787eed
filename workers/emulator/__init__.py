"""Play games in an emulator: the contract, and its implementations for mainline and Slippi's Dolphin."""
