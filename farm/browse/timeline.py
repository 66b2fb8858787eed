"""Marks on a game's time line: stretches that netplay rolled back, and frames at which stocks were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from farm.browse.chunk_states import chunk_states

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store


def timeline(store: Store, entry: LedgerEntry) -> dict[str, Any]:
    """Stretches of frames that netplay simulated more than once, and frames at which stocks fell.

    Both are in slp_frames. `rolled_back` has [first frame, number of frames, how often the one that was
    simulated most was simulated]; `stocks_lost` has [frame, player], the frame being the first with one less.

    Raises:
        DatasetError: a states file cannot be read.
    """
    states = [chunk_states(store, chunk) for chunk in entry.chunks]
    written = np.concatenate([state.values("n_written") for state in states])
    frames = np.concatenate([state.values("slp_frame") for state in states])
    lost = []
    for player in range(states[0].num_players):
        stocks = np.concatenate([state.values(f"p{player}.stocks") for state in states]).astype(np.int16)
        known = np.concatenate([state.valid(f"p{player}.stocks") for state in states])
        fell = np.flatnonzero((np.diff(stocks) < 0) & known[1:] & known[:-1]) + 1
        lost += [[int(frames[row]), player] for row in fell]
    return {"rolled_back": stretches(written, frames), "stocks_lost": sorted(lost)}


def stretches(written: npt.NDArray[Any], frames: npt.NDArray[Any]) -> list[list[int]]:
    """Runs of `written` above 1, each as [first slp_frame, number of frames, largest value].

    Args:
        written: how often each frame was simulated, [T].
        frames: their slp_frames, [T].
    """
    edges = np.diff(np.concatenate([[False], written > 1, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [
        [int(frames[start]), int(end - start), int(written[start:end].max())]
        for start, end in zip(starts, ends, strict=True)
    ]
