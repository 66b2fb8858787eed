"""Check a written video with the system's ffmpeg, a program other than the one that wrote it.

    mp4 -> ffprobe: stream and packets | ffmpeg: IDR pictures | ffmpeg: every picture decoded -> complaints

The encoder and the reading side both use the libav that comes with PyAV, and so could share a mistake. A
fault that another build and version of ffmpeg finds is a property of the file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ffmpeg

from workers.errors import EnvironmentFailed
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.encode import FPS
from workers.rendering.system_ffmpeg import command_of, run_to_the_end

if TYPE_CHECKING:
    from collections.abc import Sequence

REMEDY: Final = "run: sudo apt-get install ffmpeg"

_STREAM: Final = {
    "codec_name": "h264",
    "pix_fmt": "yuv420p",
    "has_b_frames": 0,
    "color_range": "tv",
    "color_space": "smpte170m",
    "color_primaries": "smpte170m",
    "color_transfer": "smpte170m",
}
"""The values that ffprobe must report for each of our video streams, besides size and frame count."""
_IDR_SLICE: Final = 5  # nal_unit_type of the slices of an IDR picture, by H.264's table 7-1
_LEAST_SECONDS: Final = 120.0
_SECONDS_PER_FRAME: Final = 0.05  # 640 x 480 takes a hundredth of that on an idle core


def is_available() -> bool:
    """Return whether the system's ffmpeg and ffprobe are installed."""
    return all(shutil.which(program) for program in ("ffmpeg", "ffprobe"))


def check_video(
    video: bytes, *, num_frames: int, width: int, height: int, fps: int = FPS, gop_pictures: int = GOP_FRAMES
) -> tuple[str, ...]:
    """Return every way in which a video breaks the video contract, one line each; empty if it keeps it.

    The contract: one H.264 stream of this size and no other, yuv420p, BT.601 in limited range, no B-frames;
    picture k at exactly k / fps s; an IDR picture, which closes the group of pictures before it, at every
    multiple of `gop_pictures` and nowhere else; and every picture decodes without an error.

    Args:
        video: the bytes of the mp4.
        num_frames: how many pictures it should hold.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
        fps: pictures a second.
        gop_pictures: number of pictures in every group except the last.

    Raises:
        EnvironmentFailed: ffmpeg or ffprobe is not installed, or did not finish in time.
    """
    for program in ("ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            message = f"{program} is not on PATH; {REMEDY}"
            raise EnvironmentFailed(message)
    seconds = _LEAST_SECONDS + _SECONDS_PER_FRAME * num_frames
    with tempfile.TemporaryDirectory(prefix="independent-check-") as name:
        folder = Path(name)
        path = folder / "video.mp4"
        path.write_bytes(video)
        probed, complaint = run_to_the_end(_probe_command(path), folder, seconds)
        if complaint:
            return (f"ffprobe refuses it: {complaint}",)
        found = json.loads(probed)
        wrong = [*_wrong_streams(found["streams"], num_frames, width, height)]
        if wrong:
            return tuple(wrong)
        base = Fraction(found["streams"][0]["time_base"])
        due = _Due(num_frames, fps, gop_pictures)
        wrong += _wrong_packets(found["packets"], base, due)
        wrong += _wrong_idr_pictures(path, folder, seconds, due)
        wrong += _wrong_decoding(path, folder, seconds, num_frames)
    return tuple(wrong)


def _wrong_streams(streams: Sequence[dict[str, Any]], num_frames: int, width: int, height: int) -> list[str]:
    if [stream["codec_type"] for stream in streams] != ["video"]:
        return [f"{len(streams)} streams, one of pictures is wanted"]
    wanted = {**_STREAM, "width": width, "height": height, "nb_frames": str(num_frames)}
    return [
        f"{key} is {streams[0].get(key)}, {value} is wanted"
        for key, value in wanted.items()
        if streams[0].get(key) != value
    ]


@dataclass(frozen=True, slots=True)
class _Due:
    """The expected number of pictures, pictures a second, and pictures per group."""

    num_frames: int
    fps: int
    gop_pictures: int

    @property
    def key_frames(self) -> list[int]:
        return list(range(0, self.num_frames, self.gop_pictures))


def _wrong_packets(packets: Sequence[dict[str, Any]], base: Fraction, due: _Due) -> list[str]:
    """Return what is wrong with number, order, times and key flags of the packets."""
    if len(packets) != due.num_frames:
        return [f"{len(packets)} packets, {due.num_frames} are wanted"]
    wrong = []
    for k, packet in enumerate(packets):
        pts, dts = packet["pts"] * base, packet["dts"] * base
        if pts != Fraction(k, due.fps) or dts != pts:
            wrong.append(f"packet {k} is at {pts} s (decoded at {dts} s), {Fraction(k, due.fps)} s is wanted")
            break
    keys = [k for k, packet in enumerate(packets) if packet["flags"].startswith("K")]
    if keys != due.key_frames:
        wrong.append(f"packets {_few(keys)} are marked as key frames, every {due.gop_pictures}th is wanted")
    return wrong


def _wrong_idr_pictures(path: Path, folder: Path, seconds: float, due: _Due) -> list[str]:
    """Return what is wrong with the places of the IDR pictures; no later picture may refer to before them.

    A key frame of an open group has the same flag, so the bitstream itself is examined: all units except the
    slices of IDR pictures are filtered out, and the remainder has a packet for each IDR picture.
    """
    # See filter_units in ffmpeg's manual of bitstream filters.
    only_idr = ffmpeg.input(str(path)).output(
        "pipe:1", format="framecrc", vcodec="copy", **{"bsf:v": f"filter_units=pass_types={_IDR_SLICE}"}
    )
    lines, complaint = run_to_the_end(command_of(only_idr), folder, seconds)
    if complaint:
        return [f"ffmpeg cannot take its bitstream apart: {complaint}"]
    shown = [round(time * due.fps) for time in _times(lines)]
    if shown != due.key_frames:
        return [f"IDR pictures are {_few(shown)}, every {due.gop_pictures}th is wanted"]
    return []


def _wrong_decoding(path: Path, folder: Path, seconds: float, num_frames: int) -> list[str]:
    pictures = ffmpeg.input(str(path), threads=1, err_detect="explode").output(
        "pipe:1", format="framecrc", vsync="passthrough"
    )
    lines, complaint = run_to_the_end(command_of(pictures.global_args("-xerror")), folder, seconds)
    if complaint:
        return [f"ffmpeg cannot decode it: {complaint}"]
    num_decoded = len(_times(lines))
    return [] if num_decoded == num_frames else [f"{num_decoded} pictures decode, {num_frames} are wanted"]


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5])
    return f"{shown} ... ({len(numbers)} of them)" if len(numbers) > 5 else shown or "none"  # noqa: PLR2004


def _times(framecrc: bytes) -> list[Fraction]:
    """Return the presentation time, in seconds, of each packet in the text that ffmpeg's framecrc writes."""
    base, ticks = Fraction(1), []
    for line in framecrc.decode().splitlines():
        if line.startswith("#tb 0:"):
            base = Fraction(line.partition(":")[2].strip())
        elif not line.startswith("#"):
            ticks.append(int(line.split(",")[2]))
    return [number * base for number in ticks]


def _probe_command(path: Path) -> list[str]:
    # Written by hand, because ffmpeg-python's own `probe` has no deadline.
    about = "stream:packet=pts,dts,flags"
    return ["ffprobe", "-v", "error", "-of", "json", "-show_entries", about, str(path)]
