"""Run somebody's encoder over every picture of a dataset, into a side table that the loader joins.

farm latents dataset latents --encoder my_model:encode
open_dataset("dataset", fields=["action"], join={"latent": "latents"})
"""
