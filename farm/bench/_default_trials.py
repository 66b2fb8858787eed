"""Picks the encodings that a dataset gets by default from the output of `farm bench bytes --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.encode import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Sequence


def default_trials(trials: Sequence[Any]) -> list[Any]:
    """Return the trials of the default preset and coding, without regions, of the first size, at any CRF."""
    return [
        one
        for one in trials
        if one["preset"] == VideoSettings().preset and one["gop_pictures"] == GOP_FRAMES
        if not one["b_frames"] and not one["refreshes_within"] and one["height"] == trials[0]["height"]
        if not one.get("region_offset")  # which old results do not have
    ]
