"""Fixtures with replays that our recorder makes, once per session."""

from __future__ import annotations

import pytest

from workers.replay import Replay, read_replay
from workers.standin.recorder import record_match


@pytest.fixture(scope="session")
def short_replay_bytes() -> bytes:
    """A recorded game of 100 frames, rollbacks included."""
    return record_match(7, num_frames=100)


@pytest.fixture(scope="session")
def short_replay(short_replay_bytes: bytes) -> Replay:
    return read_replay(short_replay_bytes)


@pytest.fixture(scope="session")
def other_replay_bytes() -> bytes:
    return record_match(8, num_frames=40)
