"""What the state says moved: where each fighter is, how far it went, and when its looks change at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from workers.align.motion.correlation import whiten

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state_table import StateTable

    _Value = TypeVar("_Value", np.float32, np.bool_)
    Floats = npt.NDArray[np.float32]

MAX_STEP: Final = 20.0
"""Units a fighter may move within one frame; more is a respawn or a teleport, which no flow can follow."""
_LAST_DEATH_ACTION: Final = 10  # action states 0 to 10 are ways of dying: the fighter is gone, its row is not
_DEAD_FLAG: Final = 0x40  # in flags5, from 2.0 on
_NEAR_X: Final = 60.0  # units from the middle of the stage: every camera shows this much
_NEAR_Y: Final = 40.0
_PLAIN_STEP: Final = 0.5  # units: two pixels or more
_FAST_STEP: Final = 5.0  # units per frame: faster stirs no more pixels
_FAST_ANIMATION: Final = 3.0  # animation frames per frame: more is the beginning of a new one
# What makes the pixels around a fighter change, and how much of the change each accounts for: least squares
# over 64 games rendered by the stand-in (correlation with what is seen 0.46; 0.42 with steps and actions
# alone). A new action is a new pose, a higher percentage a hit with its flash and sparks, another facing a
# mirror image; an animation that does not advance is a freeze.
_SPEED_WEIGHT: Final = 1.0
_TURN_WEIGHT: Final = 0.2
_ANIMATION_WEIGHT: Final = 0.3
_STIR_WEIGHTS: Final = {"action": 0.9, "percent": 0.6, "facing": 0.6, "airborne": 0.2}


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """E entities (players, then followers that ever appear) over T frames, in Melee units.

    Attributes:
        x: float32 [E, T].
        y: float32 [E, T], up positive.
        is_shown: bool [E, T], whether the entity is on the stage.
        step_x: float32 [E, T], x now minus x one frame before; 0 where not shown in both, or on a teleport.
        step_y: float32 [E, T], likewise.
        facing: float32 [E, T], -1 to the left, +1 to the right, 0 if unknown.
        stir: float32 [E, T], how much its looks should change from the frame before, whitened.
    """

    x: Floats
    y: Floats
    is_shown: npt.NDArray[np.bool_]
    step_x: Floats
    step_y: Floats
    facing: Floats
    stir: Floats

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.x.shape[1])

    def delayed(self, num_frames: int) -> Tracks:
        """Return what pictures show that lag behind the state by so many frames; at first nothing moves."""

        def late(rows: npt.NDArray[_Value], first: npt.NDArray[_Value]) -> npt.NDArray[_Value]:
            return np.concatenate([np.repeat(first, num_frames, axis=1), rows], axis=1)[:, : rows.shape[1]]

        none = np.zeros_like(self.x[:, :1])
        return Tracks(
            late(self.x, self.x[:, :1]),
            late(self.y, self.y[:, :1]),
            late(self.is_shown, self.is_shown[:, :1]),
            late(self.step_x, none),
            late(self.step_y, none),
            late(self.facing, self.facing[:, :1]),
            late(self.stir, none),
        )

    def slice(self, start: int, exclusive_end: int) -> Tracks:
        """Return frames [start, exclusive_end), sharing memory."""
        part = np.s_[:, start:exclusive_end]
        return Tracks(
            self.x[part],
            self.y[part],
            self.is_shown[part],
            self.step_x[part],
            self.step_y[part],
            self.facing[part],
            self.stir[part],
        )


def tracks_of(state: StateTable) -> Tracks:
    """Read the tracks out of a state table."""
    names = [name for i in range(state.num_players) for name in (f"p{i}", f"p{i}n")]
    shown = {name: _is_shown(state, name) for name in names}
    names = [name for name in names if shown[name].any()] or names[:1]

    def column(field: str) -> Floats:
        return np.stack([np.asarray(state.values(f"{name}.{field}"), dtype=np.float32) for name in names])

    return make_tracks(
        column("x"),
        column("y"),
        np.stack([shown[name] for name in names]),
        {field: column(field) for field in (*_STIR_WEIGHTS, "action_age")},
    )


def make_tracks(x: Floats, y: Floats, is_shown: npt.NDArray[np.bool_], looks: dict[str, Floats]) -> Tracks:
    """Derive steps and stir.

    Args:
        x: float32 [E, T].
        y: float32 [E, T].
        is_shown: bool [E, T].
        looks: float32 [E, T] by name: `action`, `percent`, `facing`, `airborne`, `action_age`, or some of
            them. Of all but the last only changes matter; of that one, by how much it advances.
    """
    both = is_shown.copy()
    both[:, 1:] &= is_shown[:, :-1]
    step_x, step_y = _change(x), _change(y)
    distance = np.hypot(step_x, step_y)
    follows = both & (distance <= MAX_STEP)
    nothing = np.float32(0)
    step_x, step_y = np.where(follows, step_x, nothing), np.where(follows, step_y, nothing)
    turn = np.hypot(_change(step_x), _change(step_y))
    stir = np.float32(_SPEED_WEIGHT) * whiten(np.where(follows, distance, nothing).clip(max=_FAST_STEP))
    stir = stir + np.float32(_TURN_WEIGHT) * whiten(turn.clip(max=_FAST_STEP))
    for name, values in looks.items():
        change = np.abs(_change(np.nan_to_num(values))) * both
        if name == "action_age":
            stir = stir + np.float32(_ANIMATION_WEIGHT) * whiten(change.clip(max=_FAST_ANIMATION))
        else:
            stir = stir + np.float32(_STIR_WEIGHTS[name]) * whiten((change != 0).astype(np.float32))
    facing = np.sign(np.nan_to_num(looks["facing"])) if "facing" in looks else np.zeros_like(x)
    return Tracks(x, y, is_shown, step_x, step_y, facing, whiten(stir))


def certain_changes(tracks: Tracks) -> npt.NDArray[np.bool_]:
    """Return bool [T]: where no two pictures in a row can be identical, pixel by pixel.

    That is where a fighter near the middle of the stage takes a step of some pixels.
    """
    is_near = (np.abs(tracks.x) <= _NEAR_X) & (np.abs(tracks.y) <= _NEAR_Y) & tracks.is_shown
    takes_step = np.hypot(tracks.step_x, tracks.step_y) >= _PLAIN_STEP
    certain: npt.NDArray[np.bool_] = np.logical_or.reduce(takes_step & is_near, axis=0)
    return certain


def _change(values: Floats) -> Floats:
    change = np.zeros_like(values)
    change[:, 1:] = np.diff(values)
    return change


def _is_shown(state: StateTable, name: str) -> npt.NDArray[np.bool_]:
    present = np.asarray(state.values(f"{name}.present"), dtype=np.bool_) & state.valid(f"{name}.x")
    is_dead = state.valid(f"{name}.flags5") & ((state.values(f"{name}.flags5") & _DEAD_FLAG) > 0)
    is_dying = state.values(f"{name}.action") <= _LAST_DEATH_ACTION
    return present & ~is_dead & ~is_dying
