"""A mark that is written into an H.264 packet is read back from it, whatever its bytes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.video.sei import FrameMark, find_mark
from tests.manifests.video.whole_video import read_marks
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.rendering.sei_writer import mark_packet, sei_nal

AVCC = bytes([1, 100, 0, 30, 0xFF, 0xE1])  # lengths of four bytes
PICTURE = b"\x00\x00\x00\x01\x65\x88\x84\x00\x10\xff"
MARKS = st.builds(
    FrameMark,
    st.integers(-(1 << 31), (1 << 31) - 1),
    # many zeros, since their escapes are what could go wrong
    st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 255]) | st.integers(0, 255), min_size=32, max_size=32).map(
        lambda octets: bytes(octets).hex()
    ),
)


def with_lengths(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@pytest.mark.slow
@given(MARKS)
def test_a_mark_is_read_back_behind_start_codes(mark: FrameMark):
    assert find_mark(mark_packet(PICTURE, mark), b"") == mark


@pytest.mark.slow
@given(MARKS)
def test_a_mark_is_read_back_behind_lengths(mark: FrameMark):
    assert find_mark(with_lengths(sei_nal(mark), PICTURE[4:]), AVCC) == mark


@pytest.mark.slow
@given(MARKS)
def test_a_mark_holds_no_start_code(mark: FrameMark):
    unit = sei_nal(mark)
    assert not any(unit[k : k + 2] == b"\x00\x00" and unit[k + 2] <= 2 for k in range(len(unit) - 2))
    assert unit[-1] == 0x80


@pytest.mark.slow
@given(MARKS, st.integers(0, 60))
def test_a_packet_cut_short_gives_the_mark_or_nothing(mark: FrameMark, size: int):
    assert find_mark(with_lengths(sei_nal(mark), PICTURE[4:])[:size], AVCC) in (None, mark)


@given(st.binary(max_size=200), st.sampled_from([b"", AVCC]))
def test_any_bytes_can_be_asked(packet: bytes, avcc: bytes):
    assert find_mark(packet, avcc) is None


def test_other_peoples_messages_are_passed_over():
    mark = FrameMark(-123, "ab" * 32)
    other = bytes([6, 5, 0xFF, 0x05]) + bytes(range(1, 255)) * 2
    assert find_mark(with_lengths(other[: 4 + 260] + b"\x80", sei_nal(mark)), AVCC) == mark
    assert find_mark(with_lengths(PICTURE[4:]), AVCC) is None


@pytest.mark.parametrize(
    ("slp_frame", "game_id", "message"),
    [(1 << 31, "0" * 64, "32 bits"), (0, "AB" * 32, "64 hex"), (0, "00", "64 hex")],
)
def test_a_mark_that_says_nothing_sensible_fails(slp_frame: int, game_id: str, message: str):
    with pytest.raises(ValueError, match=message):
        FrameMark(slp_frame, game_id)


@pytest.mark.slow
def test_marks_outlive_copies_into_other_containers(tmp_path: Path):
    mark = FrameMark(-123, "0123456789abcdef" * 4)
    with ChunkEncoder(tmp_path / "0.mp4", VideoSettings(), width=64, height=48, mark=mark) as encoder:
        for k in range(70):
            encoder.write(np.full((72, 64), 2 * k, np.uint8))
        encoder.close()
    written = [replace(mark, slp_frame=slp_frame) for slp_frame in (-123, -93, -63)]
    for source, copy in (("0.mp4", "1.mkv"), ("1.mkv", "2.mp4"), ("2.mp4", "3.ts"), ("3.ts", "4.mp4")):
        assert list(read_marks(tmp_path / source)) == written
        command = ["ffmpeg", "-v", "error", "-i", tmp_path / source, "-c", "copy", tmp_path / copy]
        subprocess.run(command, check=True, timeout=240)
    assert list(read_marks(tmp_path / "4.mp4")) == written


def test_a_packet_that_is_not_as_the_encoder_gives_it_fails():
    with pytest.raises(ValueError, match="start code"):
        mark_packet(with_lengths(PICTURE[4:]), FrameMark(0, "0" * 64))
