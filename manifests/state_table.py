"""The state of one game, or of a slice of it: one row per slp_frame, columns by name."""

from __future__ import annotations
