"""Dumped images become pictures of the colour contract: full-range RGB to BT.601 limited range."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.manifests.video.whole_video import decode_frames
from workers.emulator.png_picture import PngDecoder
from workers.errors import EmulatorFailed, EnvironmentFailed
from workers.rendering.encode import ChunkEncoder, VideoSettings

CHART = list(itertools.product((0, 96, 255), repeat=3))


def png(rgb: np.ndarray) -> bytes:
    """A PNG as Dolphin writes them: RGBA, opaque. rgb is uint8 [H, W, 3]."""
    height, width, _ = rgb.shape
    opaque = np.full((height, width, 1), 255, np.uint8)
    rows = np.concatenate([rgb, opaque], axis=2).reshape(height, -1)
    # The filter is "up", so that a decoder that mixes images up is noticed.
    filtered = rows - np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    body = b"".join(b"\x02" + row.tobytes() for row in filtered)

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(body)) + part(b"IEND", b"")
    )


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((480, 640, 3), colour, np.uint8)


def bt601_limited(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """The definition of BT.601 limited range, as the standard writes it."""
    r, g, b = (value / 255 for value in colour)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    return 16 + 219 * luma, 128 + 224 * (b - luma) / 1.772, 128 + 224 * (r - luma) / 1.402


@pytest.mark.parametrize("colour", CHART)
def test_each_colour_of_the_chart_is_within_one_step(colour: tuple[int, int, int]):
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :] = colour
    yuv = PngDecoder(640, 480).decode(png(picture))
    found = (yuv[:480].mean(), yuv[480:600].mean(), yuv[600:].mean())
    assert found == pytest.approx(bt601_limited(colour), abs=1.0)


def test_the_chart_comes_back_from_the_finished_video_in_the_same_colours(tmp_path: Path):
    """Colours go their whole way: from PNG to H.264, and back to RGB by the tags in the file."""
    picture = np.zeros((480, 640, 3), np.uint8)
    patches = [(64 * row, 64 * column) for row in range(3) for column in range(9)]
    for (top, left), colour in zip(patches, CHART, strict=True):
        picture[top : top + 64, left : left + 64] = colour
    yuv = PngDecoder(640, 480).decode(png(picture))
    with ChunkEncoder(tmp_path / "chart.mp4", VideoSettings()) as encoder:
        for _ in range(30):
            encoder.write(yuv)
        encoder.close()
    pictures = list(decode_frames(tmp_path / "chart.mp4"))
    assert len(pictures) == 30
    for shown in pictures:
        for (top, left), colour in zip(patches, CHART, strict=True):
            inner = np.s_[top + 16 : top + 48, left + 16 : left + 48]
            half = np.s_[(top + 16) // 2 : (top + 48) // 2, (left + 16) // 2 : (left + 48) // 2]
            u, v = (plane.reshape(240, 320)[half].mean() for plane in (shown[480:600], shown[600:]))
            found = rgb_of(shown[:480][inner].mean(), u, v)
            assert found == pytest.approx(colour, abs=4.0)  # of 255, at the default quality


def rgb_of(y: float, u: float, v: float) -> tuple[float, float, float]:
    """Convert BT.601 limited range back to RGB, 0 to 255."""
    luma, blue, red = (y - 16) / 219, (u - 128) / 224 * 1.772, (v - 128) / 224 * 1.402
    r, b = luma + red, luma + blue
    return 255 * r, 255 * (luma - 0.299 * r - 0.114 * b) / 0.587, 255 * b


def test_one_decoder_does_not_mix_one_image_with_the_next():
    dice = np.random.default_rng(3)
    images = [flat((255, 255, 255)), flat((0, 0, 0)), dice.integers(0, 256, (480, 640, 3), np.uint8)]
    decoder = PngDecoder(640, 480)
    for image in images:
        np.testing.assert_array_equal(decoder.decode(png(image)), PngDecoder(640, 480).decode(png(image)))


def test_a_column_stays_where_it_is():
    picture = flat((0, 0, 0))
    picture[:, 320:] = 255
    luma = PngDecoder(640, 480).decode(png(picture))[:480]
    assert (luma[:, :320] == 16).all()
    assert (luma[:, 320:] == 235).all()


def test_another_size_fails():
    with pytest.raises(EnvironmentFailed, match="dumps 640x480, asked for were 1280x960"):
        PngDecoder(1280, 960).decode(png(flat((1, 2, 3))))


@pytest.mark.parametrize("keep", [0, 7, 60, 600, -1, -12, -100])
def test_a_cut_off_image_fails(keep: int):
    dice = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    with pytest.raises(EmulatorFailed, match="no whole PNG"):
        PngDecoder(640, 480).decode(png(dice)[:keep])


def test_an_image_with_broken_insides_fails():
    whole = png(np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8))
    with pytest.raises(EmulatorFailed, match="no whole PNG"):
        PngDecoder(640, 480).decode(whole[:5000] + bytes(5000) + whole[10000:])
