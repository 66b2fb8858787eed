"""Measures the pace and sizes of rendering from the games in a dataset's ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from farm.planning.estimate import Measured, Span
from manifests.ledger.entry import Status, done_game_ids, read_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

    Floats = npt.NDArray[np.float64]

MOST_ENTRIES = 500  # most entries read of a large ledger, evenly spread: enough for quantiles
_TAILS = (0.1, 0.9)  # shares of the frames, at either side, that lie in games outside the range


def measured_in(store: Store) -> Measured | None:
    """Return pace and sizes of the dataset's rendered games, by their ledger entries; None without any."""
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
    emulators = sorted({entry.fingerprint.get("emulator", "an unnamed emulator") for entry in entries})
    return of_entries(entries, f"{len(entries)} games of {store.url}, rendered by {' and '.join(emulators)}")


def of_entries(entries: Sequence[LedgerEntry], origin: str) -> Measured:
    """Return the means over all frames, and the range in which eight of ten frames lie, by game.

    Args:
        entries: committed entries with `wall_seconds` in their timings; at least one.
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
    # Games are weighed by their frames, since long games also count for more in a run.
    order = np.argsort(values)
    share = np.cumsum(frames[order]) / frames.sum()
    least, most = (float(values[order[np.searchsorted(share, tail)]]) for tail in _TAILS)
    return Span(min(least, mean), float(mean), max(most, mean))
