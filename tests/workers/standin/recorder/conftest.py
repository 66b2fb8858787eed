"""Fixtures with recordings that several tests use, made once."""

from __future__ import annotations

import pytest

from workers.replay.stage_geometry import LEGAL_STAGES
from workers.standin.recorder import Recording, RecordOptions, record

ICE_CLIMBERS, FOX = 14, 2


@pytest.fixture(scope="session")
def recording() -> Recording:
    """Netplay on Dream Land with Ice Climbers: rollbacks, a follower, projectiles, an unfinalised tail."""
    return record(
        RecordOptions(
            11, 28, 1100, characters=(ICE_CLIMBERS, FOX), ports=(1, 3), rollback_share=0.1, unfinalised_tail=2
        )
    )


@pytest.fixture(scope="session")
def one_per_stage() -> dict[int, Recording]:
    """A short recording on each legal stage, by stage id."""
    return {
        stage: record(RecordOptions(seed, stage, 500, rollback_share=0.06, unfinalised_tail=seed % 4))
        for seed, stage in enumerate(LEGAL_STAGES)
    }


@pytest.fixture(scope="session")
def long_ones() -> tuple[Recording, ...]:
    """Recordings of some minutes of play."""
    return tuple(record(RecordOptions(seed, num_frames=3600, rollback_share=0)) for seed in (16, 22, 30, 31))
