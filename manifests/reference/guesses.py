"""Count how often a player's inputs equal those of the frame before, within a threshold for the sticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

from manifests import WindowSpec, as_dict
from manifests.reference.frames import NUM_ANALOG, NUM_HELD, open_states, read_frames

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLDS: Final = (0.0, 0.05, 0.1, 0.25)
_FIRST_PLAYABLE: Final = -39  # slp_frame; inputs before it have no effect
_EXTRA: Final = 1e-6  # sticks are multiples of 1/80 in float32


def repeats(before: Tensor, now: Tensor, threshold: float) -> Tensor:
    """Return where inputs equal those of the frame before, bool [...].

    Args:
        before: inputs of a frame, [..., A].
        now: inputs of the next frame.
        threshold: how far each stick, and the trigger, may have moved; infinity to compare only buttons.
    """
    moved = (now - before).abs()
    is_near = moved[..., :NUM_ANALOG].amax(-1) <= threshold + _EXTRA
    return is_near & ~moved[..., NUM_ANALOG:NUM_HELD].any(-1)


def count_guesses(url: str) -> dict[str, Any]:
    """Count how often repeating the last input is right, over all playable frames of a dataset."""
    dataset = open_states(url, WindowSpec(1, start="any"))
    names = {**{str(threshold): threshold for threshold in THRESHOLDS}, "buttons alone": float("inf")}
    right: dict[str, list[Tensor]] = {name: [] for name in names}
    last, expected = None, None
    for chunk in range(dataset.num_chunks):
        span, sample = dataset.span(chunk), as_dict(dataset.read_chunk(chunk))
        controls = read_frames(dataset, {name: value[None] for name, value in sample.items()}).controls[0]
        controls = controls[max(0, _FIRST_PLAYABLE - span.slp_frame_start - 1) :]
        if expected == (span.game_id, span.slp_frame_start) and last is not None:
            controls = torch.cat([last, controls])
        for name, threshold in names.items():
            right[name].append(repeats(controls[:-1], controls[1:], threshold))
        last, expected = controls[-1:], (span.game_id, span.slp_frame_start + span.num_frames)
    found = {name: torch.cat(parts).double() for name, parts in right.items()}
    return {
        "frames_compared": len(found["0.0"]),
        "one_player": {name: round(float(one.mean()), 5) for name, one in found.items()},
        "both_players": {name: round(float(one.prod(1).mean()), 5) for name, one in found.items()},
    }
