"""Reads our videos by the system's ffmpeg and ffprobe, as an independent reader for tests."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import ffmpeg
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from workers.emulator.contract import Yuv


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
    """The fields of the only stream as ffprobe names them, and its packets in file order."""

    stream: dict[str, Any]
    packets: tuple[ProbedPacket, ...]


def probe(path: Path) -> ProbedVideo:
    found = ffmpeg.probe(str(path), show_packets=None)
    (stream,) = found["streams"]
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


def decode(path: Path, width: int, height: int) -> list[Yuv]:
    """Decode each picture with ffmpeg: uint8 [H * 3 / 2, W], packed I420, none dropped or repeated."""
    pictures = ffmpeg.input(str(path), threads=1).output(
        "pipe:1", format="rawvideo", pix_fmt="yuv420p", vsync="passthrough"
    )
    raw, _ = pictures.run(capture_stdout=True, quiet=True)
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height * 3 // 2, width))
