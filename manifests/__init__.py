"""What was made, and how to read it. Imports nothing of farm or workers: a trainer needs neither Ray nor Dolphin."""

__version__ = "0.1.0"
