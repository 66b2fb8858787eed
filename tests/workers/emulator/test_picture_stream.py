"""All raw pictures come out of a NUT stream bit for bit, or an error says why not."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from tests.contracts.footprint import footprint
from workers.emulator.arrivals import Arrivals, SourceEnded
from workers.emulator.contract import HEIGHT, WIDTH, Picture, Yuv
from workers.emulator.picture_stream import PICTURE_BYTES, PictureStream, StreamBroken, read_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RANDOM = np.random.default_rng(4)
PICTURES = [RANDOM.integers(0, 256, (HEIGHT * 3 // 2, WIDTH), np.uint8) for _ in range(4)]


class Nobody:
    """Stands for the emulator, which these pictures do not have."""

    def suspend(self) -> None:
        raise AssertionError

    resume = suspend


def nut(pictures: Sequence[Yuv], pixel_format: str = "yuv420p") -> bytes:
    """Make a NUT stream like Dolphin's."""
    file = io.BytesIO()
    with av.open(file, "w", format="nut") as container:
        stream = container.add_stream("rawvideo", rate=Fraction(60_000, 1001))
        stream.pix_fmt = pixel_format
        stream.height, stream.width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1001, 60_000)
            container.mux(stream.encode(frame))
    return file.getvalue()


@pytest.fixture
def url(tmp_path: Path) -> Callable[[bytes], str]:
    def write(data: bytes) -> str:
        (tmp_path / "stream.nut").write_bytes(data)
        return str(tmp_path / "stream.nut")

    return write


def test_every_picture_arrives_bit_for_bit_with_memory_of_its_own(url: Callable[[bytes], str]):
    got = list(read_pictures(url(nut(PICTURES))))
    assert len(got) == len(PICTURES)
    assert all(np.array_equal(one, other) for one, other in zip(got, PICTURES, strict=True))
    assert not any(np.shares_memory(got[0], other) for other in got[1:])


def test_a_stream_cut_in_a_picture_gives_the_whole_ones_and_then_fails(url: Callable[[bytes], str]):
    pictures = read_pictures(url(nut(PICTURES)[:-1000]))
    got = [next(pictures) for _ in PICTURES[:-1]]
    assert all(np.array_equal(one, other) for one, other in zip(got, PICTURES, strict=False))
    with pytest.raises(StreamBroken, match=rf"\d+ bytes, not {PICTURE_BYTES}|cannot be read"):
        next(pictures)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (nut([picture[: 524 * 3 // 2].copy() for picture in [np.zeros((786, 640), np.uint8)]]), "640x524"),
        (nut(PICTURES[:1], "rgba"), "rgba"),
        (b"no container at all" * 1000, "cannot be read"),
        (b"", "cannot be read"),
    ],
    ids=["other size", "other format", "no NUT", "nothing"],
)
def test_other_streams_are_refused_with_what_they_are(
    url: Callable[[bytes], str], data: bytes, complaint: str
):
    with pytest.raises(StreamBroken, match=complaint):
        list(read_pictures(url(data)))


def test_what_is_written_to_the_pipe_arrives_and_then_its_end(tmp_path: Path):
    before = footprint(tmp_path)
    arrivals = Arrivals(Nobody())
    stream = PictureStream()
    writer = os.fdopen(os.dup(stream.descriptor), "wb")
    assert stream.url == f"pipe:{stream.descriptor}"
    stream.start(arrivals)
    with writer:
        writer.write(nut(PICTURES))
    for index, picture in enumerate(PICTURES):
        arrival = arrivals.take(10)
        assert isinstance(arrival, Picture)
        assert arrival.capture_index == index
        assert np.array_equal(arrival.yuv, picture)
    assert arrivals.take(10) == SourceEnded("its picture stream ended")
    stream.close(5)
    assert footprint(tmp_path) == before


def test_a_broken_stream_ends_with_the_reason():
    arrivals = Arrivals(Nobody())
    stream = PictureStream()
    writer = os.fdopen(os.dup(stream.descriptor), "wb")
    stream.start(arrivals)
    with writer:
        writer.write(nut([np.zeros((786, 640), np.uint8)]))
    ended = arrivals.take(10)
    assert isinstance(ended, SourceEnded)
    assert "640x524" in ended.why
    stream.close(5)


def test_a_stream_that_was_never_started_leaves_nothing_open(tmp_path: Path):
    before = footprint(tmp_path)
    PictureStream().close(5)
    assert footprint(tmp_path) == before
