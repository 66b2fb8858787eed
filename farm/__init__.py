"""The farm: plans games, hands them to emulators on one machine or a cluster, and holds the command line."""
