"""Windows in other people's formats, written in a stream: one window in memory, and one shard on the disk."""
