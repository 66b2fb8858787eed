"""Warn about the frames that windows leave out, and recommend windows that leave out fewer."""

from __future__ import annotations

import dataclasses
import logging
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from manifests.training.windows import WindowIndex, WindowSpec

_LOG: Final = logging.getLogger(__name__)


def warn_of_gaps(index: WindowIndex) -> None:
    """Warn at opening if windows at key frames leave out frames, and name a specification that shows more."""
    grid, spec = index.grid, index.spec
    if spec.start != "gop" or grid.gop_frames == 1 or spec.stride != 1 or spec.span >= grid.gop_frames:
        return
    better = spread_out(spec, grid.picture_step)
    share, better_share = grid.share_seen(spec), grid.share_seen(better)
    if better_share <= share:
        return
    _LOG.warning(
        "windows of %d steps that start at key frames alone, every %d frames, show %.1f %% of the frames; "
        "%s shows %.1f %%, stride=1 every window there is",
        spec.window, grid.gop_frames, 100 * share, _as_call(better), 100 * better_share,
    )  # fmt: skip


def spread_out(spec: WindowSpec, picture_step: int = 1) -> WindowSpec:
    """Return the same windows with starts anywhere, as far apart as possible with every frame in some window.

    If the stride shared a factor with `frame_step`, windows would miss the same frames again and again. So
    the stride is the largest number up to T that shares no factor with it: of `frame_step` windows in a row,
    each shows other frames. If only every `picture_step`-th frame has a picture, only those frames are
    counted.
    """
    step = max(1, spec.frame_step // picture_step)
    stride = next(n for n in range(spec.window, 0, -1) if math.gcd(n, step) == 1)
    return dataclasses.replace(spec, start="any", stride=stride)


def _as_call(spec: WindowSpec) -> str:
    """Write the Python call that makes this specification, without arguments that have their default."""
    others = [one for one in dataclasses.fields(spec) if one.name not in ("window", "start", "stride")]
    given = {one.name: getattr(spec, one.name) for one in others if getattr(spec, one.name) != one.default}
    given |= {"start": spec.start, "stride": spec.stride}
    return f"WindowSpec({spec.window}, {', '.join(f'{name}={value!r}' for name, value in given.items())})"
