"""The emulator contract and its implementations."""
