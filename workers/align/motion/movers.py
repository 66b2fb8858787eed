"""Read from the state the tracks of everything that moves: fighters, projectiles and platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.state.item_slots import item_slots
from workers.align.motion.tracks import LOOKS, Mover, fighter_tracks, thing_tracks, together

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state.table import StateTable
    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]
    Rows = slice | npt.NDArray[np.int64]

EVERY_ROW: Final = slice(None)
_LAST_DEATH_ACTION: Final = 10  # action states 0 to 10 are ways of dying: the fighter is gone, but has a row
_DEAD_FLAG: Final = 0x40  # in flags5, from 2.0 on
_MAX_PROJECTILES: Final = 4  # projectiles at once: more are rare
_FOUNTAIN_X: Final = {"fod_left": -35.25, "fod_right": 35.25}  # units: x of the middle of each
_CLOUD_HALF_WIDTH: Final = 5.95  # units


def tracks_of(state: StateTable, rows: Rows = EVERY_ROW) -> Tracks:
    """Read all tracks: of players, then of followers that ever appear, of projectiles and of platforms.

    Args:
        state: the state of consecutive frames.
        rows: the rows of the state that the tracks use, in order; steps are from each to the next. All by
            default.
    """
    names = [name for i in range(state.num_players) for name in (f"p{i}", f"p{i}n")]
    shown = {name: _is_shown(state, name)[rows] for name in names}
    names = [name for name in names if shown[name].any()] or names[:1]

    def column(field: str) -> Floats:
        columns = (np.asarray(state.values(f"{name}.{field}"), dtype=np.float32) for name in names)
        return np.stack([values[rows] for values in columns])

    places = np.stack([shown[name] for name in names])
    fighters = fighter_tracks(column("x"), column("y"), places, {name: column(name) for name in LOOKS})
    return together(fighters, _moving(_projectiles(state, rows)), _moving(_platforms(state, rows)))


def _projectiles(state: StateTable, rows: Rows) -> Tracks:
    """Return the tracks of items, in as many slots as are ever in use at once, up to _MAX_PROJECTILES."""
    slots = item_slots(state.items, _MAX_PROJECTILES)
    x, y = (slots.values[rows, :, slots.names.index(axis)].T for axis in "xy")
    return thing_tracks(Mover.PROJECTILE, x, y, slots.exists[rows].T)


def _platforms(state: StateTable, rows: Rows) -> Tracks:
    """Return the tracks of Fountain of Dreams' platforms and Yoshi's Story's cloud, if there are any."""
    fountain = [(np.full(state.num_frames, x, np.float32), name) for name, x in _FOUNTAIN_X.items()]
    cloud_x = state.values("d_randall_x") + np.float32(_CLOUD_HALF_WIDTH)
    places = [*fountain, (cloud_x, "d_randall_y")]
    is_there = np.stack([state.valid(name)[rows] for _, name in places])
    x = np.stack([x[rows] for x, _ in places])
    y = np.stack([state.values(name)[rows] for _, name in places])
    nothing = np.float32(0)
    return thing_tracks(
        Mover.PLATFORM, np.where(is_there, x, nothing), np.where(is_there, y, nothing), is_there
    )


def _moving(tracks: Tracks) -> Tracks:
    """Return only the tracks that move at all; nothing can be seen of the others."""
    moves = (tracks.step_x != 0) | (tracks.step_y != 0)
    return tracks.chosen(moves.any(axis=1))


def _is_shown(state: StateTable, name: str) -> npt.NDArray[np.bool_]:
    present = np.asarray(state.values(f"{name}.present"), dtype=np.bool_) & state.valid(f"{name}.x")
    is_dead = state.valid(f"{name}.flags5") & ((state.values(f"{name}.flags5") & _DEAD_FLAG) > 0)
    is_dying = state.values(f"{name}.action") <= _LAST_DEATH_ACTION
    return present & ~is_dead & ~is_dying
