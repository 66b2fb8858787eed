"""A second opinion on our videos: the system's ffmpeg and ffprobe.

The encoder and the reading side both run the libav that comes with PyAV. What this one, another build
and version, agrees on is a property of the file and no accident of a library. The door to ffmpeg-python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ffmpeg
import numpy as np

from manifests.ledger.reasons import Reason
from workers.emulator.child import Child
from workers.errors import EnvironmentFailed, RenderFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.emulator.contract import Yuv

REMEDY: Final = "run: sudo apt-get install ffmpeg"
_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class ProbedPacket:
    """One packet as ffprobe sees it: time in seconds, place and size in bytes."""

    pts: Fraction
    dts: Fraction
    offset: int
    size: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class ProbedVideo:
    """What ffprobe says of a video.

    Attributes:
        stream: its fields as ffprobe names them, e.g. "profile", "pix_fmt", "color_space".
        packets: in file order.
    """

    stream: dict[str, Any]
    packets: tuple[ProbedPacket, ...]


def probe(path: Path) -> ProbedVideo:
    """Ask ffprobe for the only video stream and its packets.

    Raises:
        EnvironmentFailed: ffprobe is not installed, or took too long.
        RenderFailed: it cannot read the file, or finds other than one stream.
    """
    _require("ffprobe")
    try:
        found = ffmpeg.probe(str(path), timeout=_SECONDS, show_packets=None)
    except subprocess.TimeoutExpired as error:
        message = f"ffprobe was not done with {path} within {_SECONDS:g} s"
        raise EnvironmentFailed(message) from error
    except (ffmpeg.Error, json.JSONDecodeError) as error:
        raise _unreadable(path, _last_line(getattr(error, "stderr", b"") or b"")) from error
    if len(found["streams"]) != 1 or found["streams"][0]["codec_type"] != "video":
        raise _unreadable(path, f"{len(found['streams'])} streams, expected one of pictures")
    stream = found["streams"][0]
    base = Fraction(stream["time_base"])
    packets = tuple(
        ProbedPacket(
            pts=packet["pts"] * base,
            dts=packet["dts"] * base,
            offset=int(packet["pos"]),
            size=int(packet["size"]),
            is_key=packet["flags"].startswith("K"),
        )
        for packet in found["packets"]
    )
    return ProbedVideo(stream, packets)


def decode(path: Path, width: int, height: int) -> Iterator[Yuv]:
    """Yield each picture as ffmpeg decodes it: uint8 [H * 3 / 2, W], packed I420, none dropped or repeated.

    Raises:
        EnvironmentFailed: ffmpeg is not installed.
        RenderFailed: it cannot decode the file to the end.
    """
    _require("ffmpeg")
    pictures = ffmpeg.input(str(path), threads=1, err_detect="explode").output(
        "pipe:1", format="rawvideo", pix_fmt="yuv420p", vsync="passthrough"
    )
    command = ffmpeg.compile(pictures.global_args("-nostdin", "-v", "error", "-xerror"))
    read_end, write_end = os.pipe()
    with tempfile.TemporaryDirectory(prefix="second-decoder-") as folder, os.fdopen(read_end, "rb") as pipe:
        said = Path(folder) / "stderr"
        try:
            child = Child(command, folder=Path.cwd(), environment=os.environ, stdout=write_end, stderr=said)
        finally:
            os.close(write_end)
        with child:
            size = width * height * 3 // 2
            while len(data := pipe.read(size)) == size:
                yield np.frombuffer(data, np.uint8).reshape(height * 3 // 2, width)
            status = child.wait(_SECONDS)
            if data or status != 0:
                raise _unreadable(path, child.said() or f"it ended with status {status}")


def _require(program: str) -> None:
    if shutil.which(program) is None:
        message = f"{program} is not on PATH; {REMEDY}"
        raise EnvironmentFailed(message)


def _unreadable(path: Path, why: str) -> RenderFailed:
    return RenderFailed(Reason.ENCODE_FAILED, f"{path}: ffmpeg refuses it: {why}")


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"
