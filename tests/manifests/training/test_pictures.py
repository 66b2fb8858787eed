"""Pictures get the layout that was asked for, and are not copied where a view is enough."""

from __future__ import annotations

import numpy as np
import pytest

from manifests.training.pictures import Pictures

RGB = np.arange(5 * 4 * 6 * 3, dtype=np.uint8).reshape(5, 4, 6, 3)
PLANES = np.arange(5 * 6 * 6, dtype=np.uint8).reshape(5, 6, 6)


def test_channels_come_first_in_a_view():
    found = Pictures().arrange(RGB, 1)
    assert found.shape == (5, 3, 4, 6)
    assert np.shares_memory(found, RGB)
    assert (found[2, 1] == RGB[2, :, :, 1]).all()


def test_stacked_channels_are_oldest_first():
    found = Pictures(stack_layout="channels").arrange(RGB, 3)
    assert found.shape == (3, 9, 4, 6)
    assert (found[1, :3] == np.moveaxis(RGB[1], -1, 0)).all()
    assert (found[1, 6:] == np.moveaxis(RGB[3], -1, 0)).all()


def test_stacked_frames_have_an_axis_of_their_own():
    found = Pictures(stack_layout="frames").arrange(RGB, 2)
    assert found.shape == (4, 2, 3, 4, 6)
    assert np.shares_memory(found, RGB)


@pytest.mark.parametrize("layout", ["channels", "frames"])
def test_planes_are_stacked_as_frames(layout):
    found = Pictures("yuv420", layout).arrange(PLANES, 2)
    assert found.shape == (4, 2, 6, 6)
    assert (found[3, 1] == PLANES[4]).all()


@pytest.mark.parametrize("pixel_format", ["rgb", "yuv420"])
def test_a_batch_is_laid_out_like_its_samples(pixel_format):
    pictures = Pictures(pixel_format)
    batch = np.stack([RGB, RGB[::-1]] if pixel_format == "rgb" else [PLANES, PLANES[::-1]])
    found = pictures.arrange(batch, 2)
    assert all((found[row] == pictures.arrange(batch[row], 2)).all() for row in range(2))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"pixel_format": "bgr"}, "pictures are 'rgb' or 'yuv420', got 'bgr'"),
        ({"stack_layout": "rows"}, "stack_layout is 'channels' or 'frames', got 'rows'"),
    ],
)
def test_a_format_or_layout_that_there_is_not_is_refused(options: dict[str, str], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        Pictures(**options)  # type: ignore[arg-type]
