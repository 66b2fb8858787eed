"""Our videos keep their contract, checked by the system's ffmpeg, another libav than the one that encodes."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest

from manifests.video.access_units import split_access_units
from manifests.video.mp4 import read_gops
from manifests.video.sei import FrameMark, find_mark
from tests.manifests.video.whole_video import decode_frames
from tests.workers.moving_pictures import HEIGHT, WIDTH, encode, moving_pictures
from tests.workers.system_ffmpeg import decode, probe
from workers.errors import EnvironmentFailed, RenderFailed
from workers.rendering import encode as encode_module
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.encode import ChunkEncoder, Coding, VideoSettings

NUM_FRAMES = 75  # two and a half groups of pictures


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("video") / "chunk.mp4", moving_pictures(NUM_FRAMES))


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[tuple[str, int, int]]:
    """The boxes of an mp4 at one level: name, start and end of the content."""
    found, place = [], start
    while place < (len(data) if end is None else end):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8].decode("latin-1"), place + 8, place + size))
        place += size
    return found


def test_the_stream_is_what_the_contract_says(video: Path):
    stream = probe(video).stream
    wanted = {
        "codec_name": "h264",
        "profile": "High",
        "pix_fmt": "yuv420p",
        "width": WIDTH,
        "height": HEIGHT,
        "has_b_frames": 0,
        "r_frame_rate": "60/1",
        "avg_frame_rate": "60/1",
        "start_pts": 0,
        "nb_frames": str(NUM_FRAMES),
        "color_range": "tv",
        "color_space": "smpte170m",
        "color_primaries": "smpte170m",
        "color_transfer": "smpte170m",
    }
    assert {key: stream[key] for key in wanted} == wanted
    base = Fraction(stream["time_base"])
    assert base.denominator % 60 == 0
    assert stream["duration_ts"] * base == Fraction(NUM_FRAMES, 60)


def test_packet_k_is_frame_k_at_exactly_k_sixtieths(video: Path):
    packets = probe(video).packets
    assert [packet.pts for packet in packets] == [Fraction(k, 60) for k in range(NUM_FRAMES)]
    assert [packet.dts for packet in packets] == [packet.pts for packet in packets]
    assert [packet.is_key for packet in packets] == [k % GOP_FRAMES == 0 for k in range(NUM_FRAMES)]


def test_every_group_of_pictures_is_closed(video: Path):
    """Each group begins with an IDR picture, and no later picture may refer to one before it."""
    data, gops = video.read_bytes(), read_gops(video)
    for offset, size in zip(gops.byte_offset, gops.byte_size, strict=True):
        first, *others = split_access_units(data[offset : offset + size], gops.avcc)
        assert 5 in unit_types(first)
        assert not any(5 in unit_types(unit) for unit in others)


def unit_types(unit: bytes) -> set[int]:
    types, place = set(), 0
    while place < len(unit):
        types.add(unit[place + 4] & 0x1F)
        place += 4 + int.from_bytes(unit[place : place + 4], "big")
    return types


def test_the_index_lies_in_front_and_nothing_is_edited(video: Path):
    data = video.read_bytes()
    names = [name for name, _, _ in boxes(data)]
    assert names.index("moov") < names.index("mdat")
    (moov,) = [span for name, *span in boxes(data) if name == "moov"]
    (track,) = [span for name, *span in boxes(data, *moov) if name == "trak"]
    assert "edts" not in [name for name, _, _ in boxes(data, *track)]


def test_the_colour_tags_are_in_the_bitstream_too(video: Path, tmp_path: Path):
    """A stream copied into a container without tags of its own keeps the colour tags."""
    bare = tmp_path / "bare.h264"
    ffmpeg.input(str(video)).output(str(bare), vcodec="copy").run(quiet=True)
    (stream,) = ffmpeg.probe(str(bare))["streams"]
    found = [stream[key] for key in ("color_range", "color_space", "color_primaries", "color_transfer")]
    assert found == ["tv", "smpte170m", "smpte170m", "smpte170m"]


def test_the_same_pictures_make_the_same_bytes(video: Path, tmp_path: Path):
    again = encode(tmp_path / "another-name.mp4", moving_pictures(NUM_FRAMES))
    assert again.read_bytes() == video.read_bytes()
    other = encode(tmp_path / "other.mp4", moving_pictures(NUM_FRAMES, seed=2))
    assert other.read_bytes() != video.read_bytes()


@pytest.mark.parametrize("instructions", ["0", "sse2", "avx"])
def test_a_cpu_with_fewer_instructions_makes_the_same_bytes(
    instructions: str, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """By default, x264 decides differently where a CPU has SSSE3 than where it has not."""
    options_of = encode_module._x264_options

    def with_fewer(settings: VideoSettings, coding: Coding) -> dict[str, str]:
        options = options_of(settings, coding)
        return options | {"x264-params": f"{options['x264-params']}:asm={instructions}"}

    monkeypatch.setattr(encode_module, "_x264_options", with_fewer)
    assert encode(tmp_path / "elsewhere.mp4", moving_pictures(NUM_FRAMES)).read_bytes() == video.read_bytes()


def test_no_date_and_no_library_version_is_in_the_file(video: Path):
    data = video.read_bytes()
    assert b"Lavf" not in data
    assert b"Lavc" not in data


def test_both_decoders_see_the_pictures_that_went_in(tmp_path: Path):
    pictures = moving_pictures(40)
    video = encode(tmp_path / "fine.mp4", pictures, VideoSettings(crf=4))
    ours, theirs = list(decode_frames(video)), list(decode(video, WIDTH, HEIGHT))
    assert len(ours) == len(theirs) == len(pictures)
    for source, one, other in zip(pictures, ours, theirs, strict=True):
        assert np.array_equal(one, other)
        assert np.abs(source.astype(int) - one).mean() < 2


RGB_PATCHES = np.array(
    [
        (0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255),
        (255, 255, 0), (0, 255, 255), (255, 0, 255), (200, 120, 60), (30, 90, 160), (250, 220, 190),
    ],
    np.float64,
)  # fmt: skip


def bt601_limited(rgb: np.ndarray) -> np.ndarray:
    """Y, Cb, Cr of ITU-R BT.601, limited range, from its own coefficients: float [..., 3]."""
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack(
        [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402], axis=-1
    )


def chart() -> np.ndarray:
    """Twelve patches of 32 x 32 pixels, 4 in a row: packed I420, uint8 [144, 128]."""
    levels = np.rint(bt601_limited(RGB_PATCHES)).astype(np.uint8).reshape(3, 4, 3)
    luma = levels[..., 0].repeat(32, 0).repeat(32, 1)
    chroma = [levels[..., plane].repeat(16, 0).repeat(16, 1).reshape(-1, 128) for plane in (1, 2)]
    return np.concatenate([luma, *chroma])


def test_colours_come_back_as_bt601_for_a_decoder_that_reads_the_tags(tmp_path: Path):
    video = encode(tmp_path / "chart.mp4", [chart()] * 30, VideoSettings(crf=10))
    raw, _ = (
        ffmpeg.input(str(video))
        .output("pipe:", format="rawvideo", pix_fmt="rgb24", sws_flags="accurate_rnd+full_chroma_int")
        .run(capture_stdout=True, quiet=True)
    )
    seen = np.frombuffer(raw, np.uint8).reshape(30, 3, 32, 4, 32, 3)[:, :, 8:24, :, 8:24].mean((2, 4))
    error = np.abs(seen - RGB_PATCHES.reshape(3, 4, 3))
    assert error.max() <= 3


@pytest.mark.slow
def test_every_key_frame_carries_its_mark_and_the_pictures_are_the_same(video: Path, tmp_path: Path):
    marked = encode(tmp_path / "marked.mp4", moving_pictures(NUM_FRAMES), mark=FrameMark(477, "ab" * 32))
    data, gops = marked.read_bytes(), read_gops(marked)
    for first, offset, size in zip(gops.first_frame_index, gops.byte_offset, gops.byte_size, strict=True):
        units = split_access_units(data[offset : offset + size], gops.avcc)
        assert find_mark(units[0], gops.avcc) == FrameMark(477 + int(first), "ab" * 32)
        assert not any(find_mark(unit, gops.avcc) for unit in units[1:])
    plain = decode(video, WIDTH, HEIGHT)
    assert all(np.array_equal(*pair) for pair in zip(plain, decode(marked, WIDTH, HEIGHT), strict=True))
    assert [packet.pts for packet in probe(marked).packets] == [Fraction(k, 60) for k in range(NUM_FRAMES)]


def test_leaving_without_close_leaves_no_file(tmp_path: Path):
    path = tmp_path / "half.mp4"
    with ChunkEncoder(path, VideoSettings(), width=WIDTH, height=HEIGHT) as encoder:
        encoder.write(moving_pictures(1)[0])
    assert not any(tmp_path.iterdir())


def test_a_video_of_nothing_is_refused_and_leaves_no_file(tmp_path: Path):
    path = tmp_path / "none.mp4"
    with (
        ChunkEncoder(path, VideoSettings(), width=WIDTH, height=HEIGHT) as encoder,
        pytest.raises(RenderFailed, match=r"none\.mp4: no picture"),
    ):
        encoder.close()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((HEIGHT, WIDTH), np.uint8),
        np.zeros((HEIGHT * 3 // 2, WIDTH), np.float32),
        np.zeros((HEIGHT * 3 // 2, WIDTH, 3), np.uint8),
    ],
    ids=["luma alone", "no bytes", "RGB"],
)
def test_a_picture_of_another_shape_is_refused(tmp_path: Path, picture: np.ndarray):
    with (
        ChunkEncoder(tmp_path / "x.mp4", VideoSettings(), width=WIDTH, height=HEIGHT) as encoder,
        pytest.raises(ValueError, match=r"pictures are uint8 \(96, 96\), got"),
    ):
        encoder.write(picture)


def test_a_picture_with_gaps_in_memory_is_encoded_like_one_without(video: Path, tmp_path: Path):
    spaced = [np.repeat(picture, 2, axis=1)[:, ::2] for picture in moving_pictures(NUM_FRAMES)]
    assert not spaced[0].flags.c_contiguous
    assert encode(tmp_path / "spaced.mp4", spaced).read_bytes() == video.read_bytes()


def test_a_folder_that_is_not_there_fails_with_its_name(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"gone.*another scratch folder"):
        encode(tmp_path / "gone" / "x.mp4", moving_pictures(1))


@pytest.mark.slow
@pytest.mark.parametrize("limit", [2_000, 40_000], ids=["at the beginning", "in the middle"])
def test_no_room_is_the_machines_fault_and_leaves_no_file(tmp_path: Path, limit: int):
    program = f"""
        import resource
        from pathlib import Path
        from tests.workers.moving_pictures import encode, moving_pictures
        from workers.rendering.encode import VideoSettings
        from workers.errors import EnvironmentFailed
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {resource.RLIM_INFINITY}))
        try:
            encode(Path({str(tmp_path)!r}) / "x.mp4", moving_pictures(300), VideoSettings(crf=4))
        except EnvironmentFailed as error:
            print(error)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=240,
        check=True,
    )
    assert "x.mp4: File too large; free some room" in run.stdout
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"crf": 0.0}, "crf is from 1 to 51, got 0"),
        ({"crf": 52.0}, "crf"),
        ({"crf": float("nan")}, "crf"),
        ({"preset": "quick"}, "preset is one of ultrafast, .*got 'quick'"),
    ],
)
def test_settings_x264_does_not_know_are_refused(wrong: dict[str, float | str], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        VideoSettings(**wrong)  # type: ignore[arg-type]
