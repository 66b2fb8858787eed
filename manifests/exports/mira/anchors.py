"""Find what happens in a game, and place it on the clock of an export, as MIRA's "anchors"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.exports.mira.keys import NUM_PLAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.exports.mira.pieces import Piece
    from manifests.state.table import StateTable

EVENT_NAMES: Final = ("hit", "death")
"""Names of events; MIRA's `event_type` is the place in this list, so new ones go to its end."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to a player in one frame.

    Attributes:
        slp_frame: the first frame that shows it.
        name: one of EVENT_NAMES.
        player: number of the player, from 0.
        value: percent of damage of a hit; stocks left after a death.
    """

    slp_frame: int
    name: str
    player: int
    value: float


def find_happenings(tables: Sequence[StateTable]) -> list[Happening]:
    """Find hits and deaths in a game, given as its consecutive tables; in order of frames, then players."""

    def column(name: str) -> Any:
        return np.concatenate([table.values(name) for table in tables])

    slp_frame, found = column("slp_frame"), []
    for player in range(NUM_PLAYERS):
        there = column(f"p{player}.present")
        stays = there[1:] & there[:-1]
        rise = np.diff(column(f"p{player}.percent"))
        stocks = column(f"p{player}.stocks").astype(np.int16)
        events = (("hit", stays & (rise > 0), rise), ("death", stays & (np.diff(stocks) < 0), stocks[1:]))
        for name, happens, values in events:
            found += [
                # A float32 as it is written shortest.
                Happening(int(slp_frame[row + 1]), name, player, float(str(values[row])))
                for row in np.flatnonzero(happens).tolist()
            ]
    return sorted(found, key=lambda one: (one.slp_frame, one.player, EVENT_NAMES.index(one.name)))


def make_anchors(
    happenings: Iterable[Happening], pieces: Sequence[Piece], frame_step: int, fps: int
) -> list[dict[str, Any]]:
    """Place events on the clock that begins with an export's first picture of the game.

    An event belongs to the step that has its frame. So MIRA finds it in the clip that shows it, even where
    steps of several frames do not divide a piece, and its steps are not quite 1 / fps apart in play.

    Returns:
        JSON-ready, in the order that is given; events in no piece are left out.
    """
    starts = np.cumsum([0, *(piece.num_steps(frame_step) for piece in pieces)])
    first = np.array([piece.slp_frame_start for piece in pieces])
    anchors = []
    for one in happenings:
        place = int(np.searchsorted(first, one.slp_frame, side="right")) - 1
        if place < 0 or one.slp_frame >= pieces[place].exclusive_end_slp_frame:
            continue
        step = int(starts[place]) + (one.slp_frame - pieces[place].slp_frame_start) // frame_step
        anchors.append({
            "event_type": EVENT_NAMES.index(one.name), "event_name": one.name, "master_sec": step / fps,
            "slp_frame": one.slp_frame, "player": f"P{one.player + 1}", "value": one.value,
        })  # fmt: skip
    return anchors
