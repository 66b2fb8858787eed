"""Clips encoded in memory have the rate that was asked for, and the same bytes each time."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from manifests.ledger.dataset import VideoContract
from workers.rendering.clip_encoder import ClipEncoder
from workers.rendering.encode import VideoSettings

PICTURES = np.random.default_rng(0).integers(16, 235, (7, 72, 64), np.uint8)
ENCODER = ClipEncoder(VideoSettings())


@pytest.mark.parametrize("fps", [60, 20, 10])
def test_picture_k_is_at_k_over_fps(fps: int):
    with av.open(io.BytesIO(ENCODER.encode(PICTURES, fps))) as container:
        frames = list(container.decode(video=0))
        assert container.streams.video[0].average_rate == fps
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(k, fps) for k in range(7)]
    assert {(frame.width, frame.height) for frame in frames} == {(64, 48)}


def test_the_same_pictures_give_the_same_bytes():
    assert ENCODER.encode(PICTURES, 20) == ENCODER.encode(PICTURES, 20)


def test_it_encodes_as_the_dataset_does():
    like = ClipEncoder.like(VideoContract(640, 480, 30, 18.0, "fast"))
    assert like.describe() == {"codec": "h264", "crf": 18.0, "preset": "fast"}
    assert ClipEncoder.like(None) == ENCODER
