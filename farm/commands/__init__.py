"""One module per verb of the `farm` command; only they print."""
