"""Videos are read right: the GOP table agrees with ffprobe, and frames come from a GOP's bytes alone."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from manifests.video.decoder import VideoUnreadable
from manifests.video.mp4 import decode_gop, decode_luma, read_gops
from tests.manifests.video.whole_video import decode_frames
from tests.workers.moving_pictures import HEIGHT, WIDTH, encode, moving_pictures
from tests.workers.system_ffmpeg import decode, probe

if TYPE_CHECKING:
    from collections.abc import Iterable

NUM_FRAMES = 75


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("video") / "chunk.mp4", moving_pictures(NUM_FRAMES))


def test_the_gop_table_is_what_ffprobe_says_of_the_packets(video: Path):
    gops, packets = read_gops(video), probe(video).packets
    assert gops.first_frame_index.tolist() == [0, 30, 60]
    assert gops.num_frames.tolist() == [30, 30, 15]
    assert gops.num_frames.sum() == NUM_FRAMES
    assert (gops.width, gops.height) == (WIDTH, HEIGHT)
    for first, number, offset, size in zip(
        gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size, strict=True
    ):
        own = packets[first : first + number]
        assert own[0].is_key
        assert own[0].offset == offset
        assert sum(packet.size for packet in own) == size
        assert own[-1].offset + own[-1].size == offset + size


def test_a_file_object_gives_the_same_table_as_the_path(video: Path):
    one, other = read_gops(video), read_gops(io.BytesIO(video.read_bytes()))
    assert one.byte_offset.tolist() == other.byte_offset.tolist()
    assert one.avcc == other.avcc


def test_frames_are_those_of_the_other_decoder_and_luma_their_upper_part(video: Path):
    frames = list(decode_frames(video))
    assert len(frames) == NUM_FRAMES
    for frame, luma, theirs in zip(frames, decode_luma(video), decode(video, WIDTH, HEIGHT), strict=True):
        assert frame.shape == (HEIGHT * 3 // 2, WIDTH)
        assert np.array_equal(frame, theirs)
        assert np.array_equal(luma, frame[:HEIGHT])


def test_a_gops_bytes_alone_decode_to_its_frames(video: Path):
    frames, data, gops = list(decode_frames(video)), video.read_bytes(), read_gops(video)
    for first, number, offset, size in zip(
        gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size, strict=True
    ):
        own = list(decode_gop(data[offset : offset + size], gops.avcc))
        assert len(own) == number
        assert all(np.array_equal(*pair) for pair in zip(own, frames[first : first + number], strict=True))


def test_the_beginning_of_a_gop_decodes_alone(video: Path):
    gops, packets = read_gops(video), probe(video).packets
    end = packets[41].offset
    own = list(decode_gop(video.read_bytes()[gops.byte_offset[1] : end], gops.avcc))
    expected = list(decode_frames(video))[30:41]
    assert all(np.array_equal(*pair) for pair in zip(own, expected, strict=True))


def test_a_gop_cut_in_a_packet_or_without_its_key_frame_is_refused(video: Path):
    gops, packets = read_gops(video), probe(video).packets
    data = video.read_bytes()[gops.byte_offset[0] : gops.byte_offset[0] + gops.byte_size[0]]
    with pytest.raises(VideoUnreadable, match="cannot be decoded"):
        list(decode_gop(data[:-3], gops.avcc))
    with pytest.raises(VideoUnreadable):
        list(decode_gop(data[packets[0].size :], gops.avcc))
    with pytest.raises(VideoUnreadable, match="no avcC"):
        list(decode_gop(data, b""))


def consume(frames: Iterable[object]) -> int:
    return sum(1 for _ in frames)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-5000],
        lambda data: data[:1000],
        lambda data: b"",
        lambda data: b"just text" * 100,
    ],
    ids=["cut at the end", "cut at the beginning", "empty", "text"],
)
def test_what_is_cut_or_no_video_is_refused_by_all(video: Path, spoil):
    data = spoil(video.read_bytes())
    for read in (read_gops, lambda source: consume(decode_luma(source))):
        with pytest.raises(VideoUnreadable):
            read(io.BytesIO(data))


def test_damage_in_the_pictures_is_not_painted_over(video: Path):
    data = bytearray(video.read_bytes())
    data[-6000:-5700] = bytes(300)
    with pytest.raises(VideoUnreadable):
        consume(decode_luma(io.BytesIO(bytes(data))))


def test_an_absent_file_is_named(tmp_path: Path):
    with pytest.raises(VideoUnreadable, match=r"absent\.mp4.*No such file"):
        read_gops(tmp_path / "absent.mp4")


def other_video(path: Path, rate: int, options: dict[str, str], muxer: str = "mp4") -> Path:
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for k, picture in enumerate(moving_pictures(40)):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_video_at_another_rate_is_refused(tmp_path: Path):
    path = other_video(tmp_path / "thirty.mp4", 30, {"bf": "0"})
    with pytest.raises(VideoUnreadable, match=r"packet 1 is not in its place at 1/60 s"):
        read_gops(path)


def test_a_video_with_b_frames_is_refused(tmp_path: Path):
    path = other_video(tmp_path / "reordered.mp4", 60, {"bf": "3", "b-adapt": "0"})
    with pytest.raises(VideoUnreadable, match=r"packet \d is not in its place"):
        read_gops(path)
