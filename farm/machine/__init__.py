"""Checks what this machine has before rendering, and how many emulators it can run side by side."""
