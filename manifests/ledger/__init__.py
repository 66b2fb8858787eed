"""The records of a dataset: dataset.json, the plan files, and a ledger entry for each finished game."""
