"""Labels for pictures and games, computed from the state alone: boxes around fighters, and events."""
