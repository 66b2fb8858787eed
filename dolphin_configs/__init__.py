"""Data only: INI templates per emulator. Every non-default key stands beside its reason."""
