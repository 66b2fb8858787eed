"""Plans games, runs them in emulators on one machine or a cluster, and holds the `farm` command line."""
