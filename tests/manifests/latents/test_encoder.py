"""Encoders are found by name, give a value for each picture, and the values are kept by game and frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from manifests.latents.encoder import EncoderRefused, encode_pictures, load_encoder
from manifests.latents.toy import grid

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 3, 13, 17), np.uint8)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("manifests.latents.toy", "MODULE:FUNCTION"),
        (":grid", "MODULE:FUNCTION"),
        ("no_such_module:encode", "No module named"),
        ("manifests.latents.toy:sphere", "sphere"),
        ("manifests.latents.toy:__doc__", "cannot be called"),
    ],
)
def test_a_name_of_no_encoder_fails(name: str, message: str):
    with pytest.raises(EncoderRefused, match=message):
        load_encoder(name)


def test_an_encoder_is_found_by_its_name():
    assert load_encoder("manifests.latents.toy:grid") is grid


def test_the_toy_gives_the_mean_colour_of_each_field():
    found = grid(PICTURES)
    assert (found.shape, found.dtype) == ((5, 3, 6, 8), np.float16)
    assert found[3, 1, 2, 5] == np.float16(PICTURES[3, 1, 4:6, 10:12].mean(dtype=np.float32) / 255)


@pytest.mark.parametrize("values", [np.zeros((4, 2)), np.float32(3), np.array(["a"] * 5), np.zeros((2, 5))])
def test_values_that_are_not_one_for_each_picture_fail(values: np.ndarray):
    with pytest.raises(EncoderRefused, match="5 pictures"):
        encode_pictures(lambda _: values, PICTURES, None)


@pytest.mark.torch
def test_a_device_gets_tensors_and_gives_the_same_values():
    seen: list[str] = []

    def encode(pictures: Any) -> Any:
        seen.append(type(pictures).__name__)
        return pictures.float().mean(dim=(2, 3))

    found = encode_pictures(encode, PICTURES, "cpu")
    assert seen == ["Tensor"]
    assert found.dtype == np.float32
    assert np.allclose(found, PICTURES.mean(axis=(2, 3)), atol=1e-3)


@pytest.mark.torch
def test_a_bfloat16_becomes_a_float32():
    found = encode_pictures(lambda pictures: pictures[:, 0, 0, 0].bfloat16(), PICTURES, "cpu")
    assert found.dtype == np.float32
