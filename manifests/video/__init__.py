"""Read and decode the H.264 videos of a dataset, read their frame marks and stamps, and draw for people."""
