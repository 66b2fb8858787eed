"""What this machine has and can do: preflight checks, and how many emulators it carries."""
