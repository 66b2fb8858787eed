"""Measured pace and sizes of rendering: from a dataset's own ledger, or from measurements made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from farm.planning.estimate import SEED_BYTES, SEED_DAYS_ON_ONE, SEED_DAYS_ON_SIX, SEED_FRAMES, Measured, Span
from manifests.ledger.entry import Status, done_game_ids, read_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

    Floats = npt.NDArray[np.float64]

MOST_ENTRIES = 500  # of a large dataset's ledger, evenly spread: enough for quantiles
_DAY = 86_400
_TAILS = (0.1, 0.9)  # of the frames lie in games outside the range, at either side

# Fourteen real games, 56,000 frames, through the stand-in, on two busy cores, 2026-11-21: the mean over
# all frames, and the range in which eight of ten frames lie, by game.
STANDIN = Measured(
    Span(29.1, 36.8, 50.4),
    Span(2003, 2514, 2823),
    Span(45, 54.2, 62),
    "the stand-in with 14 real games on a machine of 2 busy cores, 2026-11-21",
)

# What the project was begun with. Nothing of Melee itself was measured here: it takes the user's own image.
_ONE = SEED_FRAMES / (SEED_DAYS_ON_ONE * _DAY)
_SIXTH = SEED_FRAMES / (SEED_DAYS_ON_SIX * _DAY * 6)
SLIPPI = Measured(
    Span(_ONE, (_ONE + _SIXTH) / 2, _SIXTH),
    Span(SEED_BYTES / SEED_FRAMES, SEED_BYTES / SEED_FRAMES, SEED_BYTES / SEED_FRAMES),
    STANDIN.states_bytes,
    "the figures that the project was begun with, for Melee; nobody measured them here",
)


def measured_in(store: Store) -> Measured | None:
    """Pace and sizes of the dataset's rendered games, from their ledger entries; None if there are none."""
    game_ids = list(done_game_ids(store))
    step = max(1, len(game_ids) // MOST_ENTRIES)
    entries = [
        entry
        for entry in read_entries(store, game_ids[::step])
        if entry.status is Status.COMMITTED
        and entry.run.timings.get("wall_seconds", 0.0) > 0
        and all(chunk.video is not None for chunk in entry.chunks)
    ]
    if not entries:
        return None
    return of_entries(entries, f"{len(entries)} games of {store.url}")


def of_entries(entries: Sequence[LedgerEntry], origin: str) -> Measured:
    """Means over all frames, and the range in which eight of ten frames lie, by game.

    Args:
        entries: committed, with `wall_seconds` in their timings; at least one.
        origin: where the entries are from, in words for a person.
    """
    frames = np.array([entry.num_frames for entry in entries], np.float64)
    wall = np.array([entry.run.timings["wall_seconds"] for entry in entries])
    video = np.array([sum(chunk.video_bytes for chunk in entry.chunks) for entry in entries])
    states = np.array([sum(chunk.states.size_bytes for chunk in entry.chunks) for entry in entries])
    return Measured(
        _span(frames / wall, frames, frames.sum() / wall.sum()),
        _span(video / frames, frames, video.sum() / frames.sum()),
        _span(states / frames, frames, states.sum() / frames.sum()),
        origin,
    )


def _span(values: Floats, frames: Floats, mean: float) -> Span:
    # Weighed by frames: what long games take counts for more, as it does in a run.
    order = np.argsort(values)
    share = np.cumsum(frames[order]) / frames.sum()
    least, most = (float(values[order[np.searchsorted(share, tail)]]) for tail in _TAILS)
    return Span(min(least, mean), float(mean), max(most, mean))
