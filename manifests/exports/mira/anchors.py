"""Convert the events of a game to MIRA's "anchors", whose times count from the export's first picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.exports.mira.physics import fighter_name
from manifests.labels.events import NOBODY, EventKind, game_events
from manifests.state.joined import joined
from manifests.state.schema import entity_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.exports.mira.pieces import Piece
    from manifests.state.table import StateTable

EVENT_NAMES: Final = tuple(kind.value for kind in EventKind)
"""Names of events; MIRA's `event_type` is an index into this list."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in one frame of a game.

    Attributes:
        slp_frame: the first frame that shows it.
        name: one of EVENT_NAMES; `manifests.labels.events` says what each one means.
        fighter: name of the fighter to whom it happens, such as "P1" or "P2_FOLLOWER"; None for nobody.
        other: name of another player who takes part in it; None for nobody.
        value: a number that belongs to the event; None if it has none.
    """

    slp_frame: int
    name: str
    fighter: str | None = None
    other: str | None = None
    value: float | None = None


def find_happenings(tables: Sequence[StateTable]) -> list[Happening]:
    """Find the events of a game, given as consecutive state tables; in order of frames, then kinds."""
    game = joined(tables)
    entities = entity_names(game.num_players)
    found = []
    for name, events in game_events(game).items():
        for row, slp_frame in enumerate(events.slp_frame):
            fighter, other = events.fighter[row], events.other[row] if events.other else NOBODY
            found.append(
                Happening(
                    slp_frame=slp_frame,
                    name=name,
                    fighter=None if fighter == NOBODY else fighter_name(entities[fighter]),
                    other=None if other == NOBODY else fighter_name(f"p{other}"),
                    value=events.value[row] if events.value else None,
                )
            )
    return sorted(found, key=lambda one: (one.slp_frame, EVENT_NAMES.index(one.name)))


def make_anchors(
    happenings: Iterable[Happening], pieces: Sequence[Piece], frame_step: int, fps: int
) -> list[dict[str, Any]]:
    """Convert events to anchors, whose times count from the export's first picture of the game.

    An event belongs to the step that contains its frame. So MIRA finds it in the clip that shows it, even if
    a piece is not a whole number of steps, and steps are then not exactly 1 / fps apart in the game.

    Returns:
        The anchors, ready for JSON, in the given order; events that lie in no piece are left out.
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
            "slp_frame": one.slp_frame, "fighter": one.fighter, "other": one.other, "value": one.value,
        })  # fmt: skip
    return anchors
