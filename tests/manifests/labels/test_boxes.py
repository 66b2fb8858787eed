"""Boxes around fighters lie where the fighters are, and are left out where they cannot be known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.labels.bodies import body_reach
from manifests.labels.boxes import fighter_boxes
from manifests.labels.camera import Camera, unknown_camera
from manifests.state.table import StateTable
from tests.manifests.small_dataset import one_state

WIDTH, HEIGHT = 640, 464


def still(num_frames: int, pixels_per_unit: float = 2.0, x: float = 0.0, y: float = 20.0) -> Camera:
    """A camera that does not move."""
    at = np.ones(num_frames)
    return Camera(at * x, at * y, at * pixels_per_unit, np.ones(num_frames, bool), WIDTH / 2, HEIGHT / 2)


def with_columns(table: StateTable, **changes: object) -> StateTable:
    """The table with the same value in every row of some of p0's columns."""
    columns = dict(table.columns)
    for name, value in changes.items():
        columns[f"p0.{name}"] = np.full_like(columns[f"p0.{name}"], value)
    return dataclasses.replace(table, columns=columns)


@given(
    scale=st.floats(0.1, 50), x=st.floats(-300, 300), y=st.floats(-300, 300), width=st.integers(1, 2000),
    height=st.integers(1, 2000),
)  # fmt: skip
def test_a_box_is_never_empty_and_lies_in_the_picture(
    scale: float, x: float, y: float, width: int, height: int
):
    table = one_state()
    for boxes in fighter_boxes(table, still(table.num_frames, scale, x, y), width, height).values():
        edges = boxes.edges[boxes.valid]
        assert (edges[:, :2] < edges[:, 2:]).all()
        assert (edges >= 0).all()
        assert (edges <= np.array([width, height] * 2)).all()
        assert not boxes.edges[~boxes.valid].any()


@pytest.mark.slow
@given(x=st.floats(-60, 60), y=st.floats(-40, 90), faces=st.sampled_from([-1, 1]))
def test_a_box_is_around_the_fighters_place_and_reaches_as_its_body_does(x: float, y: float, faces: int):
    table = with_columns(one_state(), x=x, y=y, facing=faces, action=14, character=18, flags5=0)
    camera = still(table.num_frames)
    box = fighter_boxes(table, camera, WIDTH, HEIGHT)["p0"]
    behind, ahead, below, above = body_reach(np.array([18], np.uint8), np.array([14], np.uint16))[:, 0]
    left, right = (behind, ahead) if faces == 1 else (ahead, behind)
    expected = [WIDTH / 2 + 2 * (x - left), HEIGHT / 2 - 2 * (y + above - 20),
                WIDTH / 2 + 2 * (x + right), HEIGHT / 2 - 2 * (y - below - 20)]  # fmt: skip
    assert box.valid.all()
    np.testing.assert_allclose(box.edges[0], np.clip(expected, 0, [WIDTH, HEIGHT] * 2), atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [{"action": 4}, {"flags5": 0x40}, {"present": False}, {"x": 400.0}, {"y": -300.0}],
    ids=["dying", "dead", "absent", "beside the picture", "below it"],
)
def test_a_fighter_that_is_not_in_the_picture_has_no_box(change: dict[str, object]):
    table = with_columns(one_state(), **{"action": 14, "flags5": 0, "x": 0.0, "y": 10.0, **change})
    assert not fighter_boxes(table, still(table.num_frames), WIDTH, HEIGHT)["p0"].valid.any()


def test_there_is_no_box_where_the_camera_is_not_known():
    table = one_state()
    for boxes in fighter_boxes(table, unknown_camera(table.num_frames), WIDTH, HEIGHT).values():
        assert not boxes.valid.any()
        assert not boxes.edges.any()


def test_a_camera_of_another_length_is_refused():
    table = one_state()
    with pytest.raises(ValueError, match=f"a camera of 5 frames does not fit a state of {table.num_frames}"):
        fighter_boxes(table, still(5), WIDTH, HEIGHT)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_camera_that_shows_a_unit_as_nothing_is_refused(scale: float):
    with pytest.raises(ValueError, match="more than 0"):
        still(3, scale)


def test_a_camera_of_arrays_of_two_lengths_is_refused():
    with pytest.raises(ValueError, match="one length"):
        Camera(np.zeros(3), np.zeros(4), np.ones(3), np.ones(3, bool), 0, 0)


@pytest.mark.slow
@given(character=st.integers(0, 255), action=st.integers(0, 65535))
def test_a_body_has_a_width_and_a_height_whatever_the_ids_are(character: int, action: int):
    behind, ahead, below, above = body_reach(np.array([character]), np.array([action]))[:, 0]
    assert behind + ahead > 0
    assert below + above > 0
