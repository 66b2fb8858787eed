"""What was made, and how to read it. Imports nothing of farm or workers: trainers need no Ray, no Dolphin."""

__version__ = "0.1.0"
