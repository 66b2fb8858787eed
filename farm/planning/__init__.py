"""What is to be rendered: replays found and read, selected, split, and what the run will take."""
