"""Measurements: one module per command of `farm bench`, each with a click command named `command`."""
