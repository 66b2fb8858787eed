"""Run a user's encoder over every picture of a dataset, and write a side table that the loader can join.

farm latents dataset latents --encoder my_model:encode
open_dataset("dataset", fields=["action"], join={"latent": "latents"})
"""
