"""Export to MIRA's format: tar shards of short chunks with an index.json, for its RocketScienceDataset.

    train/index.json             the games of a split: lengths of their chunks, events, and the shard of each
    train/dataset_00000.tar      for each chunk: GAME_c00000.p0.mp4, .p0.jsonl, .p0.physics.jsonl, .meta.json

Melee has one camera, so every game has one "perspective", p0, with the keys of both players together.
"""
