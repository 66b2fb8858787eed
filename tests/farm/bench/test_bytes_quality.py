"""The measures of picture quality give the right values for pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from farm.bench._bytes_quality import Field, FieldReader, inside


def noise(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def test_similarity_inside_boxes_is_that_of_their_pixels_and_empty_boxes_give_none():
    similarity = np.zeros((10, 10), np.float32)
    similarity[2:4, 5:7] = 1
    boxes = np.array([[5, 2, 7, 4], [0, 0, 0, 0], [5, 2, 7, 6]])
    assert list(inside(similarity, boxes)) == [1.0, 0.5]


@pytest.fixture
def digits() -> tuple[np.ndarray, Field]:
    """Twelve pictures that show one of three patterns in a corner, on a background that moves."""
    patterns = np.stack([noise(seed, 8, 8) for seed in (7, 8, 9)])
    pictures = np.stack([noise(100 + number) for number in range(12)])
    label = np.arange(12) % 3
    pictures[:, 40:48, 0:8] = patterns[label]
    return pictures, Field(slice(40, 48), slice(0, 8), label + 10, np.arange(12) != 5)


def test_fields_are_read_back_where_they_show_something(digits):
    pictures, field = digits
    reader = FieldReader(field, pictures)
    assert reader.labels.tolist() == [10, 11, 12]
    assert reader.num_right(list(pictures), np.arange(12)) == (11, 11)


def test_a_field_that_shows_another_text_is_read_as_that(digits):
    pictures, field = digits
    reader = FieldReader(field, pictures)
    assert reader.num_right([pictures[1]], np.array([0])) == (0, 1)


def test_a_field_that_is_wiped_out_is_not_read(digits):
    pictures, field = digits
    reader = FieldReader(field, pictures)
    wiped = [np.full((48, 64), 128, np.uint8)] * 12
    right, could = reader.num_right(wiped, np.arange(12))
    assert could == 11
    assert right <= 4  # all are read as the same pattern
