"""Finds the frames of a game at which a condition on its state begins to hold."""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from farm.browse.queries.typed_sql import Subject, ask, check_expression, closed_database, refused_as
from farm.browse.states.action_names import action_names
from farm.browse.states.chunk_states import chunk_states
from manifests.state.arrow import to_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from farm.browse.queries.typed_sql import Database
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

STATE: Final = Subject("the condition on the state", '"p0.combo_count" >= 4')


@dataclass(frozen=True, slots=True)
class StateCondition:
    """A condition on the state of one frame.

    Attributes:
        sql: DuckDB's SQL over the state's columns.
        character: whom `me` stands for in the condition: `me.x` is the x of the player with this character;
            empty if the condition says p0 and p1.
    """

    sql: str
    character: str = ""


def frames_of(store: Store, entry: LedgerEntry, condition: StateCondition) -> list[int]:
    """Return the first slp_frame of every run of frames for which a condition holds, ascending.

    Raises:
        ConditionRefused: the condition is not valid SQL, or names a column that states do not have.
        DatasetError: the states cannot be read.
    """
    assert entry.game is not None, "a committed game has its facts"
    names = [player.character_name for player in entry.game.players]
    players = [n for n, name in enumerate(names) if name == condition.character] or [0]
    texts = {condition.sql.replace('"me.', f'"p{player}.') for player in players}
    found: list[NDArray[np.int64]] = []
    # A connection of its own: people type the condition as SQL, so it must not reach any file or network.
    with closed_database() as database, refused_as(STATE):
        _add_actions(database)
        check_expression(database, condition.sql, STATE)
        for chunk in entry.chunks:
            database.register("states", to_arrow(chunk_states(store, chunk)))
            for text in texts:
                query = f"SELECT slp_frame FROM states WHERE ({text}\n) ORDER BY slp_frame"  # noqa: S608 - meant to be
                _, rows = ask(database, query)
                found.append(np.array(rows, np.int64).reshape(-1))
            database.unregister("states")
    return run_starts(np.unique(np.concatenate(found))) if found else []


def _add_actions(database: Database) -> None:
    """Let conditions name action states: `"p0.action" = action('DASHING')`."""
    names = action_names()
    table = pa.table({"id": pa.array(names, pa.int64()), "name": pa.array(names.values(), pa.string())})
    database.register("action_names", table)
    database.execute(
        "CREATE MACRO action(of) AS (SELECT CASE WHEN min(id) IS NULL THEN error('no action state ' || of) "
        "ELSE min(id) END FROM action_names WHERE name = of)"
    )


def run_starts(frames: NDArray[np.int64]) -> list[int]:
    """Return the first frame of every run of consecutive frames; both are ascending."""
    if not len(frames):
        return []
    return [int(frame) for frame in frames[np.diff(frames, prepend=frames[0] - 2) > 1]]


def near_events(
    events: pa.Table, moments: Sequence[dict[str, Any]], kind: str, num_frames: int
) -> list[dict[str, Any]]:
    """Keep the moments that have an event of some kind within a number of frames, in the same game.

    Args:
        events: rows of the events table, in its order.
        moments: dicts with game_id and slp_frame.
        kind: kind of event.
        num_frames: how many frames away the event may be.
    """
    of_kind = events.filter(pc.equal(events["kind"], kind))
    frames_of_game: defaultdict[str, list[int]] = defaultdict(list)
    ids, frames = of_kind["game_id"].to_pylist(), of_kind["slp_frame"].to_pylist()
    for game_id, frame in zip(ids, frames, strict=True):
        frames_of_game[game_id].append(frame)
    kept = []
    for moment in moments:
        theirs, frame = frames_of_game.get(moment["game_id"], []), moment["slp_frame"]
        place = bisect.bisect_left(theirs, frame - num_frames)  # the table of events is sorted by frame
        if place < len(theirs) and theirs[place] <= frame + num_frames:
            kept.append(moment)
    return kept
