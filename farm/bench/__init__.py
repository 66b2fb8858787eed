"""Measurements: one module per `farm bench` verb, each with a click command object named `command`."""
