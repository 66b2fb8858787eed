"""What the state says moved: where each fighter is on the stage, and how far it went in each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state_table import StateTable

    Floats = npt.NDArray[np.float32]

MAX_STEP: Final = 20.0
"""Units a fighter may move within one frame; more is a respawn or a teleport, which no flow can follow."""
_DEAD: Final = 0x40


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """E entities (players, then followers that ever appear) over T frames, in Melee units.

    Attributes:
        x: float32 [E, T].
        y: float32 [E, T], up positive.
        is_shown: bool [E, T], whether the entity is on the stage.
        step_x: float32 [E, T], x now minus x one frame before; 0 where not shown in both, or on a teleport.
        step_y: float32 [E, T], likewise.
    """

    x: Floats
    y: Floats
    is_shown: npt.NDArray[np.bool_]
    step_x: Floats
    step_y: Floats

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.x.shape[1])

    def slice(self, start: int, exclusive_end: int) -> Tracks:
        """Return frames [start, exclusive_end), sharing memory."""
        part = np.s_[:, start:exclusive_end]
        return Tracks(self.x[part], self.y[part], self.is_shown[part], self.step_x[part], self.step_y[part])


def tracks_of(state: StateTable) -> Tracks:
    """Read the tracks out of a state table."""
    names = [name for i in range(state.num_players) for name in (f"p{i}", f"p{i}n")]
    shown = {name: _is_shown(state, name) for name in names}
    names = [name for name in names if shown[name].any()] or names[:1]
    x = np.stack([np.asarray(state.values(f"{name}.x"), dtype=np.float32) for name in names])
    y = np.stack([np.asarray(state.values(f"{name}.y"), dtype=np.float32) for name in names])
    is_shown = np.stack([shown[name] for name in names])
    return make_tracks(x, y, is_shown)


def make_tracks(x: Floats, y: Floats, is_shown: npt.NDArray[np.bool_]) -> Tracks:
    """Derive the steps from positions [E, T]."""
    step_x, step_y = np.zeros_like(x), np.zeros_like(y)
    step_x[:, 1:], step_y[:, 1:] = np.diff(x), np.diff(y)
    both = is_shown.copy()
    both[:, 1:] &= is_shown[:, :-1]
    follows = both & (np.hypot(step_x, step_y) <= MAX_STEP)
    nothing = np.float32(0)
    return Tracks(x, y, is_shown, np.where(follows, step_x, nothing), np.where(follows, step_y, nothing))


def _is_shown(state: StateTable, name: str) -> npt.NDArray[np.bool_]:
    present = np.asarray(state.values(f"{name}.present"), dtype=np.bool_) & state.valid(f"{name}.x")
    dead = (state.values(f"{name}.flags5") & _DEAD).astype(np.bool_) & state.valid(f"{name}.flags5")
    return present & ~dead
