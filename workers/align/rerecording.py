"""Re-recording evidence: the replay that the emulator recorded while it played must equal the source replay.

    state of the source, state of the re-recording -> the first frame at which they differ

This finds a desync, which no picture shows: the emulated game took another course than the recorded one. The
playback sets position, action and percent to the recorded values at the start of every frame, so the states
*after* each frame are compared. Both sides hold only final frames: the last instance of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.ledger.evidence import Evidence
from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state.table import StateTable

NAME: Final = "rerecording"
MAX_LOST_TAIL: Final = 2
"""How many frames a re-recording may lack at its end: it is closed while the game is being ended."""
TOLERANCE: Final = 1e-5
"""The largest allowed difference of floats, relative to their size if that is above 1."""
_NOT_COMPARED: Final = frozenset(
    {
        # about the file, not about the game
        "slp_frame", "n_written", "finalized", "rng_seed", "scene_frame", "pre_seed",
        # the playback feeds in processed inputs and does not know the raw ones
        "buttons_phys", "trigger_l_phys", "trigger_r_phys", "raw_x", "raw_y", "raw_cx", "raw_cy",
        # bits that a camera or a name tag changes, and counters that start at other values
        "flags5", "instance_id", "hit_by_instance",
    }
)  # fmt: skip


def rerecording_evidence(
    source: StateTable, again: StateTable | None, only: frozenset[str] | None = None
) -> Evidence:
    """Compare a re-recording with its source, frame by frame, over the fields that survive a playback.

    Args:
        source: state of the replay that was rendered.
        again: state of the replay that the emulator recorded while it played; None if there is none.
        only: names of fields, without the player, to compare; None: all that survive a playback.
    """
    if again is None:
        return Evidence.abstain(NAME, "the emulator recorded nothing; from version 3.4 on it can")
    if again.ports != source.ports or again.stage != source.stage:
        detail = (
            f"another game: ports {again.ports} on stage {again.stage}, not {source.ports} on {source.stage}"
        )
        return Evidence(NAME, True, 0, 1.0, first_disagreement_slp_frame=FIRST_SLP_FRAME, detail=detail)
    num_frames = min(source.num_frames, again.num_frames)
    differs = np.zeros(num_frames, dtype=np.bool_)
    first_of: dict[str, int] = {}
    for name in _compared(source, only):
        column = _differences(source, again, name, num_frames)
        if column.any():
            first_of[name] = int(column.argmax())
            differs |= column
    # A re-recording that ends early is another game, unless only its last frames were not written yet.
    if source.num_frames - again.num_frames > MAX_LOST_TAIL:
        first_of["(no further frame)"] = num_frames
    first = min(first_of.values(), default=None)
    names = ", ".join(sorted(name for name, at in first_of.items() if at == first))
    detail = f"{num_frames - int(differs.sum())} of {source.num_frames} frames came out the same"
    if first is not None:
        detail += f"; from slp_frame {first + FIRST_SLP_FRAME} on another game: {names}"
    confidence = float((~differs).sum()) / source.num_frames
    where = None if first is None else first + FIRST_SLP_FRAME
    return Evidence(NAME, True, 0, confidence, first_disagreement_slp_frame=where, detail=detail)


def _compared(source: StateTable, only: frozenset[str] | None) -> list[str]:
    def is_meant(name: str) -> bool:
        field = name.rpartition(".")[2]
        return field not in _NOT_COMPARED if only is None else field in only

    return [name for name in source.names() if is_meant(name)]


def _differences(source: StateTable, again: StateTable, name: str, num_frames: int) -> npt.NDArray[np.bool_]:
    one, other = source.values(name)[:num_frames], again.values(name)[:num_frames]
    known = source.valid(name)[:num_frames] & again.valid(name)[:num_frames]
    if not np.issubdtype(one.dtype, np.floating):
        return np.asarray(known & (one != other))
    apart = np.abs(one.astype(np.float64) - other) > TOLERANCE * np.maximum(1.0, np.abs(one))
    return np.asarray(known & (apart | (np.isnan(one) != np.isnan(other))))
