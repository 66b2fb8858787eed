"""Export windows of a dataset to other formats, as a stream: one window in memory, one shard on the disk."""
