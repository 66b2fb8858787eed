"""Tracks: the position, step and change of looks of each moving thing in each frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from workers.align.motion.correlation import whiten

if TYPE_CHECKING:
    import numpy.typing as npt

    _Value = TypeVar("_Value", np.float32, np.bool_)
    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float32]

MAX_STEP: Final = 20.0
"""Units that a fighter may move within one frame; more is a respawn or teleport, which no flow can follow."""
_NEAR_X: Final = 60.0  # units from the middle of the stage: every camera shows this much
_NEAR_Y: Final = 40.0
_PLAIN_STEP: Final = 0.5  # units: two pixels or more
_FAST_STEP: Final = 5.0  # units per frame: faster stirs no more pixels
_FAST_ANIMATION: Final = 3.0  # animation frames per frame: more is the beginning of a new one
# Events that change the pixels around a fighter, with their weights: least squares over 64 games rendered by
# the stand-in (correlation with the seen change 0.46; 0.42 with steps and actions alone). A new action is a
# new pose; a higher percentage is a hit with its flash and sparks; another facing is a mirror image; an
# animation that does not advance is a freeze; dying shows a burst, and coming back shows a platform.
_SPEED_WEIGHT: Final = 1.0
_TURN_WEIGHT: Final = 0.2
_ANIMATION_WEIGHT: Final = 0.3
_CHANGE_WEIGHTS: Final = {"action": 0.9, "percent": 0.6, "facing": 0.6, "airborne": 0.2}
_COMING_WEIGHT: Final = 0.6
LOOKS: Final = (*_CHANGE_WEIGHTS, "action_age")
"""Names of the looks of a fighter that `fighter_tracks` reads."""
_ROWS: Final = ("x", "y", "is_shown", "comes_or_goes", "step_x", "step_y", "facing", "stir")


class Mover(StrEnum):
    """The kinds of moving things."""

    FIGHTER = "fighter"
    PROJECTILE = "projectile"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracks of E entities over T frames, in Melee units: fighters first, as only they steer the camera.

    Attributes:
        kinds: the kind of each of the E entities; those of one kind are adjacent.
        x: float32 [E, T]; in the frame in which an entity goes, its last position.
        y: float32 [E, T], up positive; in the frame in which an entity goes, its last position.
        is_shown: bool [E, T], whether the entity is on the stage.
        comes_or_goes: bool [E, T], whether it is shown now and was not one frame before, or was and is not.
        step_x: float32 [E, T], x now minus x one frame before; 0 where not shown in both, or on a teleport.
        step_y: float32 [E, T], the same for y.
        facing: float32 [E, T], -1 to the left, +1 to the right, 0 if unknown.
        stir: float32 [E, T], how much its looks should change from the frame before, whitened.
        num_hit: float32 [T], how many percentages change in this frame, at the foot of the picture.
    """

    kinds: tuple[Mover, ...]
    x: Floats
    y: Floats
    is_shown: Bools
    comes_or_goes: Bools
    step_x: Floats
    step_y: Floats
    facing: Floats
    stir: Floats
    num_hit: Floats

    @property
    def num_frames(self) -> int:
        """How many frames there are: T."""
        return int(self.x.shape[1])

    def delayed(self, num_frames: int) -> Tracks:
        """Return the tracks as shown by pictures that lag by `num_frames`; at first nothing moves."""

        def late(rows: npt.NDArray[_Value], first: npt.NDArray[_Value]) -> npt.NDArray[_Value]:
            return np.concatenate([np.repeat(first, num_frames, axis=1), rows], axis=1)[:, : rows.shape[1]]

        none = np.zeros_like(self.x[:, :1])
        return Tracks(
            self.kinds,
            late(self.x, self.x[:, :1]),
            late(self.y, self.y[:, :1]),
            late(self.is_shown, self.is_shown[:, :1]),
            late(self.comes_or_goes, none.astype(np.bool_)),
            late(self.step_x, none),
            late(self.step_y, none),
            late(self.facing, self.facing[:, :1]),
            late(self.stir, none),
            late(self.num_hit[None], np.zeros((1, 1), np.float32))[0],
        )

    def slice(self, start: int, exclusive_end: int) -> Tracks:
        """Return frames [start, exclusive_end), sharing memory."""
        return _part(self, np.s_[:, start:exclusive_end], self.kinds, np.s_[start:exclusive_end])

    def of_kind(self, kind: Mover) -> Tracks:
        """Return the entities of one kind, sharing memory, since those of one kind are adjacent."""
        num = self.kinds.count(kind)
        start = self.kinds.index(kind) if num else 0
        return _part(self, np.s_[start : start + num], (kind,) * num)

    def chosen(self, entities: npt.NDArray[np.bool_]) -> Tracks:
        """Return the entities that are marked in a mask, bool [E]."""
        kinds = tuple(kind for kind, is_chosen in zip(self.kinds, entities, strict=True) if is_chosen)
        return _part(self, entities, kinds)


def fighter_tracks(x: Floats, y: Floats, is_shown: Bools, looks: dict[str, Floats]) -> Tracks:
    """Derive steps, stir and hits of fighters.

    Args:
        x: float32 [E, T].
        y: float32 [E, T].
        is_shown: bool [E, T].
        looks: float32 [E, T] by name: `action`, `percent`, `facing`, `airborne`, `action_age`, or some of
            them. Only changes of these matter, except for the last, for which its advance matters.
    """
    tracks = thing_tracks(Mover.FIGHTER, x, y, is_shown)
    both = is_shown & ~tracks.comes_or_goes
    distance = np.hypot(tracks.step_x, tracks.step_y)
    turn = np.hypot(_change(tracks.step_x), _change(tracks.step_y))
    stir = np.float32(_SPEED_WEIGHT) * whiten(distance.clip(max=_FAST_STEP))
    stir = stir + np.float32(_TURN_WEIGHT) * whiten(turn.clip(max=_FAST_STEP))
    stir = stir + np.float32(_COMING_WEIGHT) * tracks.stir
    num_hit = tracks.num_hit
    for name, values in looks.items():
        change = np.abs(_change(np.nan_to_num(values))) * both
        if name == "action_age":
            stir = stir + np.float32(_ANIMATION_WEIGHT) * whiten(change.clip(max=_FAST_ANIMATION))
        else:
            stir = stir + np.float32(_CHANGE_WEIGHTS[name]) * whiten((change != 0).astype(np.float32))
        if name == "percent":
            num_hit = (change != 0).sum(axis=0, dtype=np.float32)
    facing = np.sign(np.nan_to_num(looks["facing"])) if "facing" in looks else tracks.facing
    return replace(tracks, facing=facing, stir=whiten(stir), num_hit=num_hit)


def thing_tracks(kind: Mover, x: Floats, y: Floats, is_shown: Bools) -> Tracks:
    """Derive steps of things without looks, which stir only when they come or go.

    Args:
        kind: the kind of all these things.
        x: float32 [E, T].
        y: float32 [E, T].
        is_shown: bool [E, T].
    """
    comes_or_goes = np.zeros_like(is_shown)
    comes_or_goes[:, 1:] = is_shown[:, 1:] != is_shown[:, :-1]
    follows = is_shown & ~comes_or_goes
    follows &= np.hypot(_change(x), _change(y)) <= MAX_STEP
    nothing = np.float32(0)
    goes = np.pad((comes_or_goes & ~is_shown)[:, 1:], ((0, 0), (1, 0)))
    before = np.maximum(np.arange(x.shape[1]) - 1, 0)
    return Tracks(
        kinds=(kind,) * x.shape[0],
        x=np.where(goes, x[:, before], x),
        y=np.where(goes, y[:, before], y),
        is_shown=is_shown,
        comes_or_goes=comes_or_goes,
        step_x=np.where(follows, _change(x), nothing),
        step_y=np.where(follows, _change(y), nothing),
        facing=np.zeros_like(x),
        stir=whiten(comes_or_goes.astype(np.float32)),
        num_hit=np.zeros(x.shape[1], np.float32),
    )


def together(fighters: Tracks, *others: Tracks) -> Tracks:
    """Join tracks into one, the fighters first and the others after them."""
    parts = (fighters, *others)
    rows: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ROWS}
    return replace(fighters, kinds=sum((part.kinds for part in parts), ()), **rows)


def certain_changes(tracks: Tracks) -> Bools:
    """Return bool [T]: the frames whose picture certainly differs from the one before.

    In these frames a fighter near the middle of the stage takes a step of some pixels.
    """
    tracks = tracks.of_kind(Mover.FIGHTER)
    is_near = (np.abs(tracks.x) <= _NEAR_X) & (np.abs(tracks.y) <= _NEAR_Y) & tracks.is_shown
    takes_step = np.hypot(tracks.step_x, tracks.step_y) >= _PLAIN_STEP
    certain: Bools = np.logical_or.reduce(takes_step & is_near, axis=0)
    return certain


def shaken(tracks: Tracks, num_frames: int) -> Bools:
    """Return bool [T]: where a fighter was hit, died or came back less than `num_frames` ago.

    A game may shake its camera there, so that the whole picture goes back and forth.
    """
    shakes = (tracks.num_hit > 0) | tracks.of_kind(Mover.FIGHTER).comes_or_goes.any(axis=0)
    since: Bools = np.convolve(shakes, np.ones(num_frames))[: shakes.size] > 0
    return since


def _part(tracks: Tracks, part: Any, kinds: tuple[Mover, ...], frames: Any = np.s_[:]) -> Tracks:
    """Return the given entities and frames of every [E, T], and the given frames of every [T]."""
    rows: dict[str, Any] = {name: getattr(tracks, name)[part] for name in _ROWS}
    return Tracks(kinds=kinds, num_hit=tracks.num_hit[frames], **rows)


def _change(values: Floats) -> Floats:
    change = np.zeros_like(values)
    change[:, 1:] = np.diff(values)
    return change
