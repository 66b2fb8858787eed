"""Record replays: simulate a match from a seed, and write it as a .slp file by Slippi's spec."""

from __future__ import annotations

from workers.standin.recorder.options import RecordOptions
from workers.standin.recorder.record import Recording, record, record_match

__all__ = ["RecordOptions", "Recording", "record", "record_match"]
