"""Push datasets and exports to the Hugging Face hub, and pull them and replays; every file is checked."""
