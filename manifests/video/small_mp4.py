"""Wrap encoded H.264 pictures into an mp4 with its index in front, without encoding and without a library.

Exports, and decoders that need a container, get windows as such stream copies. The format is ISO/IEC 14496-12
and -15: one track, one chunk, picture k at exactly k / fps s. The pictures have their own colour description
in the SPS; a `colr` box repeats the one of all videos of a dataset: BT.601, limited range.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from manifests.video.access_units import is_key_picture, split_access_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.video.decoder import GopRun

_TIMESCALE: Final = 60_000
_UNITY_MATRIX: Final = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_DPI_72: Final = 0x480000
_SMPTE_170M: Final = 6  # BT.601's number for primaries, transfer and matrix


def wrap_run(run: GopRun, num_pictures: int | None = None, fps: int = 60) -> bytes:
    """Make an mp4 from the packets of a run, without encoding them again.

    Args:
        run: whole GOPs.
        num_pictures: how many pictures to take, from the first on; None for all.
        fps: pictures a second, a divisor of 60.

    Raises:
        ValueError: the bytes are not whole pictures.
    """
    units = split_access_units(run.data, run.avcc)[:num_pictures]
    are_keys = [is_key_picture(unit, run.avcc) for unit in units]
    return make_mp4(units, are_keys, run.avcc, run.width, run.height, fps)


def make_mp4(
    units: Sequence[bytes], are_keys: Sequence[bool], avcc: bytes, width: int, height: int, fps: int = 60
) -> bytes:
    """Make an mp4 of pictures.

    Args:
        units: one access unit per picture, in which each unit is preceded by its length, as in an mp4.
        are_keys: which pictures are key pictures; the first one must be.
        avcc: the pictures' decoder configuration record.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
        fps: pictures a second, a divisor of 60.

    Raises:
        ValueError: there are no pictures, or the first one is not a key picture.
    """
    if not units or len(units) != len(are_keys) or not are_keys[0]:
        message = f"{len(units)} pictures and {len(are_keys)} key marks; the first picture must be a key one"
        raise ValueError(message)
    ticks = _TIMESCALE // fps
    front = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    table = _tables(units, are_keys, avcc, (width, height), ticks, 0)
    # The index holds the offset of the data, which depends on the index's size, which the offset does not
    # change.
    place = len(front) + len(_movie(table, len(units) * ticks, width, height)) + 8
    table = _tables(units, are_keys, avcc, (width, height), ticks, place)
    return b"".join([front, _movie(table, len(units) * ticks, width, height), _box(b"mdat", *units)])


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """Make a "full" box: one with a version, here 0, and flags."""
    return _box(kind, struct.pack(">I", flags), *parts)


def _tables(
    units: Sequence[bytes], are_keys: Sequence[bool], avcc: bytes, size: tuple[int, int], ticks: int,
    place: int,
) -> bytes:  # fmt: skip
    """Make the sample table: each picture's kind and duration, and where its bytes are in the file."""
    entry = struct.pack(">6xH16x2H2I4xH", 1, *size, _DPI_72, _DPI_72, 1)
    entry += bytes(32) + struct.pack(">Hh", 24, -1)
    colour = _box(b"colr", b"nclx", struct.pack(">3HB", _SMPTE_170M, _SMPTE_170M, _SMPTE_170M, 0))
    keys = [number + 1 for number, is_key in enumerate(are_keys) if is_key]
    return _box(
        b"stbl",
        _full(b"stsd", 0, struct.pack(">I", 1), _box(b"avc1", entry, _box(b"avcC", avcc), colour)),
        _full(b"stts", 0, struct.pack(">3I", 1, len(units), ticks)),
        _full(b"stss", 0, struct.pack(f">{len(keys) + 1}I", len(keys), *keys)),
        _full(b"stsc", 0, struct.pack(">4I", 1, 1, len(units), 1)),
        _full(b"stsz", 0, struct.pack(f">{len(units) + 2}I", 0, len(units), *map(len, units))),
        _full(b"stco", 0, struct.pack(">2I", 1, place)),
    )


def _movie(table: bytes, ticks: int, width: int, height: int) -> bytes:
    """Make the index of the file: one track that lasts as long as the movie, `ticks`."""
    movie = struct.pack(">4IIH10x", 0, 0, _TIMESCALE, ticks, 1 << 16, 0x100) + _UNITY_MATRIX
    track = struct.pack(">5I8x4H", 0, 0, 1, 0, ticks, 0, 0, 0, 0) + _UNITY_MATRIX
    track += struct.pack(">2I", width << 16, height << 16)
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, struct.pack(">4I2H", 0, 0, _TIMESCALE, ticks, 0x55C4, 0)),
        _full(b"hdlr", 0, struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\0"),
        _box(
            b"minf",
            _full(b"vmhd", 1, bytes(8)),
            _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1))),
            table,
        ),
    )
    header = _full(b"mvhd", 0, movie, bytes(24), struct.pack(">I", 2))
    return _box(b"moov", header, _box(b"trak", _full(b"tkhd", 3, track), media))
