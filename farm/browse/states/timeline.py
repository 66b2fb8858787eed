"""Lists what happens in a game: frames that netplay rolled back, frames with stock losses, and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from farm.browse.states.chunk_states import chunk_states
from manifests.labels.events import NOBODY, EventKind, game_events
from manifests.state.joined import joined
from manifests.state.schema import entity_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from manifests.labels.events import EventColumns
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store


def timeline(store: Store, entry: LedgerEntry) -> dict[str, Any]:
    """Return stretches of frames that netplay simulated repeatedly, frames of stock losses, and events.

    Frames are slp_frames. `rolled_back` has [first frame, number of frames, most often that one of them was
    simulated]; `stocks_lost` has [frame, player], where the frame is the first with one stock less. `events`
    has [frame, kind, fighter, other, value] of each event except rollbacks, in order of frames: the fighter
    by name ("p0", "p1n"), the other player by number; other and value are null if the kind has none. Events
    are found in the states, so games from before events were recorded also have them.

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
    return {
        "rolled_back": stretches(written, frames),
        "stocks_lost": sorted(lost),
        "events": told_events(game_events(joined(states)), entity_names(states[0].num_players)),
    }


def told_events(events: Mapping[str, EventColumns], fighters: Sequence[str]) -> list[list[Any]]:
    """List events except rollbacks as [slp_frame, kind, fighter, other, value], by frame, JSON-ready.

    Args:
        events: events of a game, by kind.
        fighters: names of the fighters, in the order of `entity_names`.
    """
    told = []
    for kind, of in events.items():
        for row, (frame, fighter) in enumerate(zip(of.slp_frame, of.fighter, strict=True)):
            other = of.other[row] if of.other and of.other[row] != NOBODY else None
            if kind != EventKind.ROLLBACK:
                told.append([frame, kind, fighters[fighter], other, of.value[row] if of.value else None])
    return sorted(told, key=lambda event: (event[0], event[1], event[2]))


def stretches(written: npt.NDArray[Any], frames: npt.NDArray[Any]) -> list[list[int]]:
    """Return runs of `written` above 1, each as [first slp_frame, number of frames, largest value].

    Args:
        written: how often each frame was simulated, [T].
        frames: slp_frames of these frames, [T].
    """
    edges = np.diff(np.concatenate([[False], written > 1, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [
        [int(frames[start]), int(end - start), int(written[start:end].max())]
        for start, end in zip(starts, ends, strict=True)
    ]
