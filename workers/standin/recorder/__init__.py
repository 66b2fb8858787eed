"""Records replays of its own: a seeded match simulation written as spec-conforming .slp."""

from __future__ import annotations

from workers.standin.recorder.options import RecordOptions
from workers.standin.recorder.record import Recording, record, record_match

__all__ = ["RecordOptions", "Recording", "record", "record_match"]
