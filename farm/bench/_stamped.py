"""Counts the pictures of any video that show the frame of their index, by their stamps, with ffmpeg."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.stamp import PICTURE_HEIGHT, PICTURE_WIDTH, STAMP_ROWS, read_stamps
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_SECONDS: Final = 600.0
NOT_READ: Final = -(1 << 31)
"""Value for a picture whose stamp cannot be read."""


def stamps_of(video: Path) -> npt.NDArray[np.int64]:
    """Return the slp_frame that each picture of a video shows, int64 [T]; NOT_READ if it has no readable one.

    The pictures may have any size of the stand-in's shape: they are scaled to 640 x 480 first.

    Raises:
        EnvironmentFailed: ffmpeg is missing or cannot read the video.
    """
    top = PICTURE_HEIGHT - STAMP_ROWS
    strip = f"scale={PICTURE_WIDTH}:{PICTURE_HEIGHT},crop={PICTURE_WIDTH}:{STAMP_ROWS}:0:{top}"
    words = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(video), "-vf", strip, "-fps_mode", "passthrough"]
    words += ["-pix_fmt", "gray", "-f", "rawvideo", "-"]
    try:
        done = subprocess.run(words, check=True, timeout=_SECONDS, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        message = f"ffmpeg cannot read {video.name}: {error}; run: sudo apt-get install ffmpeg"
        raise EnvironmentFailed(message) from error
    luma = np.frombuffer(done.stdout, np.uint8).reshape(-1, STAMP_ROWS, PICTURE_WIDTH)
    shown, is_valid = read_stamps(luma)
    return np.where(is_valid, shown.astype(np.int64), NOT_READ)


def count_right(shown: npt.NDArray[np.int64], num_frames: int) -> int:
    """Count the frames of a game whose picture, taken by its index, shows them.

    Args:
        shown: int64 [T], the slp_frame that each picture shows.
        num_frames: length of the game; a frame without a picture does not count as right.
    """
    due = np.arange(min(len(shown), num_frames)) + FIRST_SLP_FRAME
    return int(np.count_nonzero(shown[: len(due)] == due))
