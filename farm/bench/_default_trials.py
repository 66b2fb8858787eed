"""Picks, of what `farm bench bytes --json` printed, the encodings that a dataset gets by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.encode import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Sequence


def default_trials(trials: Sequence[Any]) -> list[Any]:
    """Return those of the default preset and coding, without regions, of the size of the first; any CRF."""
    return [
        one
        for one in trials
        if one["preset"] == VideoSettings().preset and one["gop_pictures"] == GOP_FRAMES
        if not one["b_frames"] and not one["refreshes_within"] and one["height"] == trials[0]["height"]
        if not one.get("region_offset")  # which results of old do not have
    ]
