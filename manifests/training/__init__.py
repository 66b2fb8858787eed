"""The loader: gives windows of a dataset's video, state and action, by number or as a shuffled stream."""
