"""The commands of `farm`, one module each; only these modules print."""
