"""Datasets, exports and replays on the Hugging Face hub: fetched from it, put onto it, checked each time."""
