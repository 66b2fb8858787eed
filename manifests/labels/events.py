"""Find the events of a game (hits, deaths, throws ...), each in one frame; pure functions of its state.

An event is a change from one row to the next, so a game's first row has none. Every rule uses only recorded
columns; if a replay's version does not record what a rule needs, there are no events of that kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.action_categories import ActionCategory, categories
from manifests.state.schema import entity_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Bools = NDArray[np.bool_]

NOBODY: Final = -1
_SHIELD_BREAK: Final = 0xCD  # ShieldBreakFly
_BOUNCES: Final = (0xB7, 0xBF)  # DownBoundU and DownBoundD: falling to the floor without a tech
_L_CANCEL, _MISSED_L_CANCEL = 1, 2  # in the column l_cancel, in the frame of the landing


class EventKind(StrEnum):
    """The kinds of events. The names are stored in people's data, so they never change."""

    HIT = "hit"
    DEATH = "death"
    RESPAWN = "respawn"
    LEDGE = "ledge"
    SHIELD_BREAK = "shield_break"
    THROW = "throw"
    L_CANCEL = "l_cancel"
    MISSED_L_CANCEL = "missed_l_cancel"
    TECH = "tech"
    MISSED_TECH = "missed_tech"
    ROLLBACK = "rollback"


EVENT_DOCS: Final[Mapping[EventKind, str]] = {
    EventKind.HIT: "damage rises; other: the player that hit last; value: by how many percent",
    EventKind.DEATH: "a stock is lost, for a follower: it dies; other: the player that hit last; "
    "value: stocks left",
    EventKind.RESPAWN: "the respawn platform comes down; value: stocks left",
    EventKind.LEDGE: "the ledge is grabbed",
    EventKind.SHIELD_BREAK: "the shield breaks",
    EventKind.THROW: "a throw begins; other: the player that is thrown; value: the action state",
    EventKind.L_CANCEL: "an L-cancel succeeds",
    EventKind.MISSED_L_CANCEL: "an aerial attack lands without one",
    EventKind.TECH: "a tech on floor, wall or ceiling; value: the action state",
    EventKind.MISSED_TECH: "a fall to the floor without a tech; value: the action state",
    EventKind.ROLLBACK: "netplay begins to simulate frames again; value: how many in a row",
}
"""The meaning of each kind and of its `other` and `value`; a kind that does not mention them has none."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """The events of one kind of a game, in order of frames: columns of one length N.

    Attributes:
        slp_frame: the first frame that shows the change.
        fighter: index in `entity_names` of the fighter concerned: 0 is p0, 1 p0n, 2 p1, 3 p1n; -1 is nobody.
        other: another player's number, or -1 for none; empty if the kind has no other.
        value: a number; empty if the kind has none.

    Raises:
        ValueError: columns differ in length, or frames do not ascend.
    """

    slp_frame: tuple[int, ...]
    fighter: tuple[int, ...]
    other: tuple[int, ...]
    value: tuple[float, ...]

    def __post_init__(self) -> None:
        length = len(self.slp_frame)
        lengths = (len(self.fighter), len(self.other) or length, len(self.value) or length)
        if set(lengths) != {length}:
            message = f"events have columns of one length, got {length} frames beside {lengths}"
            raise ValueError(message)
        if list(self.slp_frame) != sorted(self.slp_frame):
            message = "events come in order of slp_frame"
            raise ValueError(message)


def game_events(table: StateTable) -> Mapping[str, EventColumns]:
    """Find all events of a game, by the names of EventKind; kinds that do not occur are left out.

    Args:
        table: the state of a whole game. A part of a game has the same events in its frames, with two
            exceptions: its first row has none, and a run of rollbacks ends with the part.
    """
    found: dict[str, list[NDArray[np.float64]]] = {}
    for place, entity in enumerate(entity_names(table.num_players)):
        for kind, (rows, other, value) in _of_fighter(table, entity).items():
            fighter = np.full(rows.size, place)
            columns = np.stack([table.values("slp_frame")[rows], fighter, other[rows], value[rows]])
            found.setdefault(kind, []).append(columns)
    begins, lengths = _rollbacks(table)
    nobody = np.full(begins.size, NOBODY)
    found[EventKind.ROLLBACK] = [np.stack([table.values("slp_frame")[begins], nobody, nobody, lengths])]
    together = {kind: np.concatenate(found.get(kind, [np.empty((4, 0))]), axis=1) for kind in EventKind}
    return {str(kind): _columns(kind, all_) for kind, all_ in together.items() if all_.size}


def _columns(kind: EventKind, events: NDArray[np.float64]) -> EventColumns:
    """Sort events, float64 [4, N], by frames and fighters, and make columns from them."""
    slp_frame, fighter, other, value = events[:, np.lexsort((events[1], events[0]))]
    doc = EVENT_DOCS[kind]
    return EventColumns(
        slp_frame=tuple(slp_frame.astype(int).tolist()),
        fighter=tuple(fighter.astype(int).tolist()),
        other=tuple(other.astype(int).tolist()) if "other:" in doc else (),
        # The shortest decimal text of a float32: 3.27, not 3.2699999809265137.
        value=tuple(float(str(np.float32(one))) for one in value) if "value:" in doc else (),
    )


def _of_fighter(table: StateTable, entity: str) -> dict[EventKind, tuple[NDArray[np.intp], Any, Any]]:
    """Find one fighter's events: rows, and arrays [T] of the other player and the value of each kind."""

    def column(name: str) -> NDArray[Any]:
        return table.values(f"{entity}.{name}")

    there, action = column("present"), column("action")
    category = np.where(there, categories(column("character"), action), ActionCategory.UNKNOWN)
    nothing = np.full(table.num_frames, NOBODY)
    stocks, l_cancel = column("stocks").astype(np.int16), column("l_cancel")
    rise = np.diff(column("percent"), prepend=column("percent")[:1])

    def goes_on(name: str) -> Bools:
        known = there & table.valid(f"{entity}.{name}")
        both: Bools = known & np.concatenate([[False], known[:-1]])
        return both

    if entity.endswith("n"):  # a follower has no stocks of its own
        dies = _begins(category == ActionCategory.DEAD)
    else:
        dies = goes_on("stocks") & (np.diff(stocks, prepend=stocks[:1]) < 0)
    hitter, thrown = _players_of(table, column("last_hit_by")), _thrown(table, entity)
    happens: dict[EventKind, tuple[Bools, Any, Any]] = {
        EventKind.HIT: (goes_on("percent") & (rise > 0), hitter, rise),
        EventKind.DEATH: (dies, hitter, stocks),
        EventKind.RESPAWN: (_begins(category == ActionCategory.RESPAWN), nothing, stocks),
        EventKind.LEDGE: (_begins(category == ActionCategory.LEDGE), nothing, nothing),
        EventKind.SHIELD_BREAK: (_begins(there & (action == _SHIELD_BREAK)), nothing, nothing),
        EventKind.THROW: (_begins(category == ActionCategory.THROW), thrown, action),
        EventKind.L_CANCEL: (_begins(l_cancel == _L_CANCEL), nothing, nothing),
        EventKind.MISSED_L_CANCEL: (_begins(l_cancel == _MISSED_L_CANCEL), nothing, nothing),
        EventKind.TECH: (_begins(category == ActionCategory.TECH), nothing, action),
        EventKind.MISSED_TECH: (_begins(there & np.isin(action, _BOUNCES)), nothing, action),
    }
    return {kind: (np.flatnonzero(rows), other, value) for kind, (rows, other, value) in happens.items()}


def _begins(holds: Bools) -> Bools:
    """Mark the rows in which a condition holds that did not hold in the row before; never the first row."""
    begins: Bools = holds & ~np.concatenate([[True], holds[:-1]])
    return begins


def _players_of(table: StateTable, port: NDArray[Any]) -> NDArray[np.int64]:
    """Convert ports to players' numbers, [T]; -1 where no player has the port."""
    player_of = np.full(256, NOBODY)
    player_of[list(table.ports)] = np.arange(table.num_players)
    players: NDArray[np.int64] = player_of[port]
    return players


def _thrown(table: StateTable, entity: str) -> NDArray[np.int64]:
    """Return the number of the player that is held while this one throws, [T]; -1 where there is none."""
    held = np.full(table.num_frames, NOBODY)
    for player in range(table.num_players):
        if not entity.startswith(f"p{player}"):
            other = f"p{player}"
            kind = categories(table.values(f"{other}.character"), table.values(f"{other}.action"))
            is_held = table.values(f"{other}.present") & (kind == ActionCategory.GRABBED)
            held = np.where(is_held, player, held)
    return held


def _rollbacks(table: StateTable) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find runs of rows that were simulated more than once: their beginnings after row 0, and lengths."""
    again = table.values("n_written") > 1
    edges = np.diff(np.concatenate([again, [False]]).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    ends = ends[1:] if again[0] else ends  # a run that includes row 0 has no beginning
    return begins, ends - begins
