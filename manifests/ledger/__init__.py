"""What is planned and what became of it: dataset.json, the plan files, and one ledger entry per game."""
