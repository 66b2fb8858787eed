"""Plans what is rendered: finds and reads replays, selects games, divides them, estimates time."""
