"""Records replays: simulates a match from a seed and writes it as a .slp that conforms to Slippi's spec."""

from __future__ import annotations

from workers.standin.recorder.options import RecordOptions
from workers.standin.recorder.record import Recording, record, record_match

__all__ = ["RecordOptions", "Recording", "record", "record_match"]
