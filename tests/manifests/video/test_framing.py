"""Pictures are scaled or cropped as asked, and requests for what does not exist are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.video.decoder import DecoderMissing, GopRun, picture_shape
from manifests.video.framing import Framing
from manifests.video.mp4 import read_gops
from manifests.video.open_decoder import open_decoder
from tests.workers.moving_pictures import HEIGHT, WIDTH, encode, moving_pictures

if TYPE_CHECKING:
    from manifests.video.decoder import PixelFormat

NUM_PICTURES = 4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> GopRun:
    path = encode(tmp_path_factory.mktemp("video") / "a.mp4", moving_pictures(NUM_PICTURES))
    gops = read_gops(path)
    start, end = int(gops.byte_offset[0]), int(gops.byte_offset[-1] + gops.byte_size[-1])
    return GopRun(path.read_bytes()[start:end], gops.avcc, WIDTH, HEIGHT)


def decoded(run: GopRun, pixel_format: PixelFormat = "rgb", **framing: Any) -> np.ndarray:
    wanted = Framing(**framing)
    shape = picture_shape(pixel_format, *wanted.output(WIDTH, HEIGHT))
    out = np.empty((NUM_PICTURES, *shape), np.uint8)
    open_decoder("libav", pixel_format, wanted).decode(run, np.arange(NUM_PICTURES), out)
    return out


def test_a_crop_is_that_part_of_the_whole_picture(run: GopRun):
    whole = decoded(run)
    assert (decoded(run, crop=(8, 10, 40, 60)) == whole[:, 8:48, 10:70]).all()


def test_a_crop_of_planes_is_that_part_of_each_plane(run: GopRun):
    whole, part = decoded(run, "yuv420"), decoded(run, "yuv420", crop=(8, 10, 40, 60))
    assert (part[:, :40] == whole[:, 8:48, 10:70]).all()
    chroma = whole[:, HEIGHT:].reshape(NUM_PICTURES, 2, HEIGHT // 2, WIDTH // 2)
    assert (part[:, 40:].reshape(NUM_PICTURES, 2, 20, 30) == chroma[:, :, 4:24, 5:35]).all()


def test_a_smaller_picture_is_the_mean_of_what_it_covers(run: GopRun):
    small, whole = (
        decoded(run, "yuv420", size=size).astype(float) for size in ((HEIGHT // 4, WIDTH // 4), None)
    )
    means = whole[:, :HEIGHT].reshape(NUM_PICTURES, HEIGHT // 4, 4, WIDTH // 4, 4).mean(axis=(2, 4))
    assert np.abs(small[:, : HEIGHT // 4] - means).mean() < 3


def test_a_smaller_picture_of_rgb_is_as_bright_as_that_of_planes(run: GopRun):
    size = (HEIGHT // 4, WIDTH // 4)
    brightness = decoded(run, size=size) @ np.array([0.299, 0.587, 0.114])
    luma = decoded(run, "yuv420", size=size)[:, : size[0]]
    assert np.abs(brightness - (luma - 16.0) * 255 / 219).mean() < 4


def test_a_smaller_picture_of_rgb_has_the_mean_of_the_colours_that_it_covers(run: GopRun):
    """A scaler that takes every second column of colour is wrong by 14 levels here, not by 5."""
    size = (HEIGHT // 4, WIDTH // 4)
    planes = decoded(run, "yuv420").astype(float)
    luma = planes[:, :HEIGHT].reshape(NUM_PICTURES, HEIGHT // 4, 4, WIDTH // 4, 4).mean(axis=(2, 4))
    chroma = planes[:, HEIGHT:].reshape(NUM_PICTURES, 2, HEIGHT // 4, 2, WIDTH // 4, 2).mean(axis=(3, 5))
    bright, blue, red = (luma - 16) * 255 / 219, chroma[:, 0] - 128, chroma[:, 1] - 128
    due = np.stack(
        [bright + 1.596 * red, bright - 0.392 * blue - 0.813 * red, bright + 2.017 * blue], axis=-1
    )
    inside = (due > 0).all(axis=-1) & (due < 255).all(axis=-1)
    assert np.abs(decoded(run, size=size) - due)[inside].mean() < 8


def test_a_part_may_be_made_larger(run: GopRun):
    large = decoded(run, "yuv420", crop=(0, 0, 32, 32), size=(64, 64))[:, :64].astype(float)
    means = large.reshape(NUM_PICTURES, 32, 2, 32, 2).mean(axis=(2, 4))
    noise = decoded(run, "yuv420")[:, :32, :32].astype(float)
    assert np.corrcoef(means.reshape(-1), noise.reshape(-1))[0, 1] > 0.8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": (287, 384)}, "both even and above 0"),
        ({"size": (0, 384)}, "both even and above 0"),
        ({"size": (100_000, 100_000)}, "at most 16384 each"),
        ({"size": (2, 16386)}, "at most 16384 each"),
        ({"size": (2.0, 4)}, "both even and above 0"),
        ({"size": 288}, "size is \\(height, width\\)"),
        ({"crop": (0, 1, 4, 4)}, "crop is \\(top, left, height, width\\)"),
        ({"crop": (0, 0, 4)}, "crop is"),
        ({"crop": (-2, 0, 4, 4)}, "crop is"),
    ],
)
def test_a_size_or_crop_that_is_none_fails(wrong: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        Framing(**wrong)


def test_a_crop_beyond_the_picture_fails():
    with pytest.raises(ValueError, match="reaches beyond pictures of 64 rows and 96 columns"):
        Framing(crop=(0, 90, 64, 8)).output(WIDTH, HEIGHT)


def test_other_decoders_give_whole_pictures_alone():
    with pytest.raises(DecoderMissing, match="take decoder='libav' for a size or a crop"):
        open_decoder("torchcodec", "rgb", Framing(size=(2, 2)))
