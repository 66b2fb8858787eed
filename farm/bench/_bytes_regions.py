"""Encodes pictures with regions of interest, in which x264 quantises more finely; each picture has its own.

    picture, boxes -> libav's addroi, one for each box -> picture with side data -> x264

Only the bench uses this module: CONTRIBUTING has the results. `addroi` takes only fixed places, so each
picture passes through a filter graph of its own, which takes less than a millisecond.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from av.filter import Graph

from workers.rendering.encode import ChunkEncoder

if TYPE_CHECKING:
    from pathlib import Path

    import av
    import numpy as np
    from av.filter.context import FilterContext
    from numpy.typing import NDArray

    from workers.rendering.encode import Coding, VideoSettings


class RegionEncoder(ChunkEncoder):
    """A ChunkEncoder that quantises more finely, or more coarsely, inside boxes.

    Args:
        path: where to write the mp4, as for ChunkEncoder.
        settings: as for ChunkEncoder.
        coding: as for ChunkEncoder.
        size: (height, width) of the pictures.
        boxes: int64 [T, N, 4], left, top, right and bottom of N boxes for each picture; empty boxes are
            ignored.
        offset: change of the quantiser inside boxes, from -1 to 1; below 0 is finer. -0.1 means 5 of H.264's
            51 steps; six steps double or halve the quantiser's step size.
    """

    def __init__(
        self,
        path: Path,
        settings: VideoSettings,
        coding: Coding,
        size: tuple[int, int],
        boxes: NDArray[np.int64],
        offset: float,
    ) -> None:
        super().__init__(path, settings, width=size[1], height=size[0], coding=coding)
        self._boxes, self._offset = boxes, offset

    def _encode(self, frame: av.VideoFrame | None) -> None:
        if frame is not None and frame.pts is not None:
            frame = with_regions(frame, self._boxes[frame.pts], self._offset)
        super()._encode(frame)


def with_regions(frame: av.VideoFrame, boxes: NDArray[np.int64], offset: float) -> av.VideoFrame:
    """Return a picture with a region of interest for each box, int64 [N, 4], that is not empty."""
    exact = Fraction(offset).limit_denominator(1000)
    graph = Graph()
    last: FilterContext = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    for left, top, right, bottom in boxes:
        if left < right and top < bottom:
            place = f"x={left}:y={top}:w={right - left}:h={bottom - top}"
            region = graph.add("addroi", f"{place}:qoffset={exact.numerator}/{exact.denominator}")
            last.link_to(region)
            last = region
    last.link_to(graph.add("buffersink"))
    graph.configure()
    graph.vpush(frame)
    return graph.vpull()
