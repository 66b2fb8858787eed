"""Side tables: columns that somebody adds to a dataset, such as latents of its pictures.

A side table has rows by game_id and slp_frame. The tables that this package writes have these files:

    table.json                               dtype and shape of a row, and notes of the table's maker
    shards/3f/GAME_ID_0000000_003600.npy     rows of 3,600 frames of a game, from slp_frame -123 (= 0) on

`manifests.training.open.open_dataset(..., join={"latent": URL})` reads them beside the dataset. Parquet and
.npy files that others made are read as well, see `manifests.side_tables.keyed`.
"""
