"""Write pictures as a small mp4 for people to watch; videos of datasets are made in workers/rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_CRF: Final = "20"


def write_mp4(pictures: Iterable[NDArray[np.uint8]], path: Path, frames_per_second: Fraction) -> int:
    """Write pictures, uint8 [H, W, 3] of RGB with even sides, as H.264; return the number of pictures.

    Raises:
        OSError: the file cannot be written.
    """
    number = 0
    # faststart puts the index in front, so that browsers can begin to play before the whole file is loaded.
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=frames_per_second, options={"crf": _CRF})
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            if not number:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, 1 / frames_per_second
            container.mux(stream.encode(frame))
            number += 1
        container.mux(stream.encode(None))
    return number
