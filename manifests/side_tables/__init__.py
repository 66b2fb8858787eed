"""Columns that somebody adds to a dataset, such as latents of its pictures: tables by game_id and slp_frame.

    table.json                               dtype and shape of a row, and what its maker noted
    shards/3f/GAME_ID_0000000_003600.npy     rows of 3,600 frames of a game, from slp_frame -123 (= 0) on

`manifests.training.open.open_dataset(..., join={"latent": URL})` reads them beside the dataset. Parquet and
.npy files that others made are read as well, see `manifests.side_tables.keyed`.
"""
