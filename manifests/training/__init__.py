"""The loader: windows of video, state and action of a dataset, by number or as a shuffled stream."""
