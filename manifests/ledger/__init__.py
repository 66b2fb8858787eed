"""What is planned and what became of it: dataset.json, the plan, and one ledger entry per game."""
