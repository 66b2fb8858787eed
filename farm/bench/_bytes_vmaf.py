"""Measures a video's VMAF with the system's ffmpeg, if that was built with libvmaf.

VMAF predicts how viewers rate pictures, from 0 to 100. Its usual model was trained on 1920 x 1080 seen from
three times the picture's height. So it is good for comparing ways to encode, but does not grade small
pictures.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ffmpeg

from workers.errors import EnvironmentFailed
from workers.rendering.encode import FPS
from workers.rendering.system_ffmpeg import command_of, run_to_the_end

if TYPE_CHECKING:
    from pathlib import Path

_LEAST_SECONDS: Final = 120.0
_SECONDS_PER_FRAME: Final = 0.5  # an idle core takes a fiftieth of that at 640 x 480
_FILTER: Final = "libvmaf"
_LOG: Final = "vmaf.json"


@dataclass(frozen=True, slots=True)
class RawPictures:
    """A file of a game's pictures before compression.

    Attributes:
        file: packed I420, picture after picture.
        height: height of the pictures, in pixels.
        width: width of the pictures, in pixels.
        shown_rows: number of rows, from the top, that show the game; rows below are not compared.
        num_frames: number of pictures.
    """

    file: Path
    height: int
    width: int
    shown_rows: int
    num_frames: int


def lacks_for_vmaf(folder: Path) -> str | None:
    """Return what is missing to measure VMAF, in words; None if it can be measured.

    Args:
        folder: folder for temporary files.

    Raises:
        EnvironmentFailed: ffmpeg does not answer.
    """
    if shutil.which("ffmpeg") is None:
        return "there is no ffmpeg on PATH"
    listed, complaint = run_to_the_end(["ffmpeg", "-v", "error", "-filters"], folder, _LEAST_SECONDS)
    names = {line.split()[1] for line in listed.decode().splitlines() if len(line.split()) > 1}
    if complaint or _FILTER not in names:
        return f"the ffmpeg on PATH was built without {_FILTER}"
    return None


def vmaf_of(video: Path, pictures: RawPictures, every: int) -> float:
    """Return the mean VMAF of a video's pictures, from 0 to 100.

    Args:
        video: the mp4; temporary files are written beside it.
        pictures: the pictures that the video was made from.
        every: rate every n-th picture; motion is still measured between all neighbours.

    Raises:
        EnvironmentFailed: ffmpeg has no libvmaf, cannot compare, or took too long.
    """
    raw = ffmpeg.input(
        str(pictures.file),
        format="rawvideo",
        pix_fmt="yuv420p",
        video_size=(pictures.width, pictures.height),
        framerate=FPS,
    )
    compared: Any = ffmpeg.filter(
        [_shown(ffmpeg.input(str(video), threads=1), pictures), _shown(raw, pictures)],
        _FILTER,
        log_fmt="json",
        log_path=_LOG,
        n_subsample=every,
        n_threads=1,
        shortest=1,  # otherwise the last picture would stand in for missing ones
    )
    command = command_of(compared.output("pipe:1", format="null"))
    folder = video.parent
    _, complaint = run_to_the_end(command, folder, _LEAST_SECONDS + _SECONDS_PER_FRAME * pictures.num_frames)
    if complaint:
        message = f"ffmpeg cannot measure VMAF of {video.name}: {complaint}; take another build of it"
        raise EnvironmentFailed(message)
    found = json.loads((folder / _LOG).read_bytes())
    due = -(-pictures.num_frames // every)
    if len(found["frames"]) != due:
        message = (
            f"ffmpeg rated {len(found['frames'])} pictures of {video.name}, {due} are wanted; take another "
            "build of it"
        )
        raise EnvironmentFailed(message)
    return float(found["pooled_metrics"]["vmaf"]["mean"])


def _shown(stream: Any, pictures: RawPictures) -> Any:
    """Cut off the stamp, and count time in pictures.

    An mp4 and raw pictures have different time bases. Rounded from one to the other, picture k would
    sometimes be compared with picture k - 1, and VMAF would be ten points lower.
    """
    counted = stream.filter("settb", f"1/{FPS}").filter("setpts", "N")
    return counted.filter("crop", pictures.width, pictures.shown_rows, 0, 0)
