"""Regions of interest in the encoder lie where the boxes of each picture are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farm.bench._bytes_regions import RegionEncoder
from manifests.video.mp4 import decode_luma
from workers.rendering.encode import DATASET_CODING, ChunkEncoder, VideoSettings

HEIGHT, WIDTH, NUM_FRAMES = 96, 160, 8
SETTINGS = VideoSettings(30.0)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Pictures of noise that differs in each, so that nothing can be copied from the last one."""
    random = np.random.default_rng(5)
    return random.integers(60, 180, (NUM_FRAMES, HEIGHT * 3 // 2, WIDTH)).astype(np.uint8)


@pytest.fixture(scope="module")
def plain(pictures: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    with ChunkEncoder(path, SETTINGS, width=WIDTH, height=HEIGHT) as encoder:
        for picture in pictures:
            encoder.write(picture)
        encoder.close()
    return path


def encoded(path: Path, pictures: np.ndarray, boxes: np.ndarray, offset: float) -> Path:
    with RegionEncoder(path, SETTINGS, DATASET_CODING, (HEIGHT, WIDTH), boxes, offset) as encoder:
        for picture in pictures:
            encoder.write(picture)
        encoder.close()
    return path


def walking_boxes() -> np.ndarray:
    """A box of 32 x 32 that moves from left to right by one block per picture, and an empty box."""
    left = 16 * np.arange(NUM_FRAMES)
    walks = np.stack([left, np.full_like(left, 32), left + 32, np.full_like(left, 64)], axis=1)
    return np.stack([walks, np.zeros_like(walks)], axis=1)


def errors(video: Path, pictures: np.ndarray) -> np.ndarray:
    """The squared error of each pixel, float64 [T, H, W]."""
    decoded = np.stack([luma.copy() for luma in decode_luma(video)])
    return (decoded.astype(float) - pictures[:, :HEIGHT]) ** 2


def test_regions_without_an_offset_change_no_byte(pictures: np.ndarray, plain: Path, tmp_path: Path):
    video = encoded(tmp_path / "video.mp4", pictures, walking_boxes(), 0.0)
    assert video.read_bytes() == plain.read_bytes()


def test_without_boxes_an_offset_changes_no_byte(pictures: np.ndarray, plain: Path, tmp_path: Path):
    video = encoded(tmp_path / "video.mp4", pictures, np.zeros((NUM_FRAMES, 2, 4), np.int64), -0.2)
    assert video.read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("offset", [-0.1, 0.1], ids=["finer", "coarser"])
def test_each_picture_has_regions_of_its_own(
    pictures: np.ndarray, plain: Path, tmp_path: Path, offset: float
):
    boxes = walking_boxes()
    video = encoded(tmp_path / "video.mp4", pictures, boxes, offset)
    change = errors(video, pictures) - errors(plain, pictures)
    for number, (left, top, right, bottom) in enumerate(boxes[:, 0]):
        inside = change[number, top:bottom, left:right].mean()
        assert np.sign(inside) == np.sign(offset)
        assert abs(inside) > 10 * abs(np.delete(change[number], np.s_[top:bottom], axis=0).mean())
