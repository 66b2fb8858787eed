"""Every decoder gives the frames that libav gives of the whole video, and refuses files that are no video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures
from manifests.training.windows import WindowSpec
from manifests.video.decoder import Decoder, DecoderMissing, GopRun, VideoUnreadable, picture_shape
from manifests.video.mp4 import read_gops
from manifests.video.open_decoder import open_decoder
from manifests.video.stamp import read_stamps
from tests.manifests import conftest as small
from tests.manifests.small_dataset import encode
from tests.manifests.video.whole_video import decode_frames

if TYPE_CHECKING:
    from pathlib import Path

sound = small.sound
WIDTH, HEIGHT, NUM_FRAMES = 640, 480, 75
DECODERS = [
    "libav",
    pytest.param("torchcodec", marks=pytest.mark.torch),
    pytest.param("nvdec", marks=pytest.mark.torch),
]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(
        tmp_path_factory.mktemp("video") / "a.mp4", list(range(FIRST_SLP_FRAME, FIRST_SLP_FRAME + NUM_FRAMES))
    )


@pytest.fixture(scope="module")
def run(video: Path) -> GopRun:
    gops = read_gops(video)
    start, end = int(gops.byte_offset[0]), int(gops.byte_offset[-1] + gops.byte_size[-1])
    return GopRun(video.read_bytes()[start:end], gops.avcc, WIDTH, HEIGHT)


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest) -> Decoder:
    try:
        return open_decoder(request.param, "rgb")
    except DecoderMissing as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("wanted", [[0], [29], [3, 4, 31, 74], list(range(30, 46))])
def test_the_pictures_wanted_come_out_in_order(decoder: Decoder, run: GopRun, wanted: list[int]):
    out = np.empty((len(wanted), *picture_shape("rgb", WIDTH, HEIGHT)), np.uint8)
    decoder.decode(run, np.array(wanted), out)
    found, valid = read_stamps(out[..., 1])
    assert valid.all()
    assert (found - FIRST_SLP_FRAME).tolist() == wanted
    expected = np.empty_like(out)
    open_decoder("libav", "rgb").decode(run, np.array(wanted), expected)
    assert (out == expected).all()


def test_a_decoder_serves_run_after_run_whatever_came_before(decoder: Decoder, run: GopRun):
    first, again = (np.empty((2, *picture_shape("rgb", WIDTH, HEIGHT)), np.uint8) for _ in range(2))
    decoder.decode(run, np.array([5, 33]), first)
    with pytest.raises(VideoUnreadable):
        decoder.decode(GopRun(run.data[:-7], run.avcc, WIDTH, HEIGHT), np.array([0, 74]), again)
    decoder.decode(run, np.array([5, 33]), again)
    assert (first == again).all()


def test_a_picture_that_is_not_there_fails(decoder: Decoder, run: GopRun):
    with pytest.raises(VideoUnreadable):
        decoder.decode(run, np.array([NUM_FRAMES]), np.empty((1, HEIGHT, WIDTH, 3), np.uint8))


def test_planes_are_those_of_the_whole_video(video: Path, run: GopRun):
    out = np.empty((NUM_FRAMES, *picture_shape("yuv420", WIDTH, HEIGHT)), np.uint8)
    open_decoder("libav", "yuv420").decode(run, np.arange(NUM_FRAMES), out)
    assert (out == np.stack(list(decode_frames(video)))).all()


def test_a_picture_of_another_size_fails(run: GopRun):
    with pytest.raises(VideoUnreadable, match="320x240"):
        open_decoder("libav", "rgb").decode(
            GopRun(run.data, run.avcc, 320, 240), np.array([0]), np.empty((1, 240, 320, 3), np.uint8)
        )


@pytest.mark.torch
def test_the_loader_reads_the_same_with_any_decoder(sound: Path, tmp_path: Path):
    pytest.importorskip("torchcodec", reason="torchcodec is not installed: make extras-torch")
    datasets = [
        open_dataset(
            sound,
            window=WindowSpec(9, start="any", stride=17),
            pictures=Pictures(decoder=name),
            cache=Cache(tmp_path),
            as_torch=False,
        )
        for name in ("libav", "torchcodec")
    ]
    for window in range(0, len(datasets[0]), 5):
        assert (datasets[0][window]["video"] == datasets[1][window]["video"]).all()
