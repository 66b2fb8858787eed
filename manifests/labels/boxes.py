"""Compute boxes around the fighters in a picture from the state and the camera."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.labels.bodies import body_reach
from manifests.state.schema import entity_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.labels.camera import Camera
    from manifests.state.table import StateTable

    Floats = NDArray[np.float64]

EDGES: Final = ("left", "top", "right", "bottom")
_LAST_DEATH: Final = 10  # actions 0 to 10 are ways to die, in which no body is drawn
_DEAD: Final = 0x40  # in flags5


@dataclass(frozen=True, eq=False, slots=True)
class Boxes:
    """The box of one fighter in the pictures of T frames.

    Attributes:
        edges: float32 [T, 4] in the order of EDGES: pixels from the picture's left and top edge, clipped to
            the picture. A box covers columns [left, right) and rows [top, bottom). Zero where not valid.
        valid: bool [T], False where the fighter is not in the picture, or the camera is unknown.
    """

    edges: NDArray[np.float32] = field(repr=False)
    valid: NDArray[np.bool_] = field(repr=False)

    def scaled(self, across: float, down: float) -> Boxes:
        """Return the boxes for pictures that are `across` times as wide and `down` times as high."""
        return Boxes(self.edges * np.array([across, down] * 2, np.float32), self.valid)


def fighter_boxes(table: StateTable, camera: Camera, width: int, height: int) -> Mapping[str, Boxes]:
    """Place a box around every fighter: where its body is drawn, without effects such as a shield.

    Args:
        table: T frames of state.
        camera: where the camera looks in these frames.
        width: width of the pictures, in pixels.
        height: height of the part of the pictures that shows the stage, in pixels from the top.

    Returns:
        The boxes of "p0", "p0n", "p1" and so on, followers included.

    Raises:
        ValueError: the camera has another number of frames.
    """
    if len(camera.x) != table.num_frames:
        message = f"a camera of {len(camera.x)} frames does not fit a state of {table.num_frames}"
        raise ValueError(message)
    size = (float(width), float(height))
    return {entity: _boxes(table, entity, camera, size) for entity in entity_names(table.num_players)}


def _boxes(table: StateTable, entity: str, camera: Camera, size: tuple[float, float]) -> Boxes:
    def column(name: str) -> Floats:
        return table.values(f"{entity}.{name}").astype(np.float64)

    action = table.values(f"{entity}.action")
    behind, ahead, below, above = body_reach(table.values(f"{entity}.character"), action)
    faces_left = table.values(f"{entity}.facing") < 0
    x, y = column("x"), column("y")
    edges = np.stack(
        [
            camera.columns(x - np.where(faces_left, ahead, behind)),
            camera.rows(y + above),
            camera.columns(x + np.where(faces_left, behind, ahead)),
            camera.rows(y - below),
        ],
        axis=1,
    )
    edges = np.clip(np.where(camera.is_known[:, None], edges, 0), 0, np.array(size * 2))
    is_drawn = table.values(f"{entity}.present") & (action > _LAST_DEATH)
    is_drawn &= table.values(f"{entity}.flags5") & _DEAD == 0  # zero where it was not recorded
    valid = camera.is_known & is_drawn & (edges[:, :2] < edges[:, 2:]).all(axis=1)
    return Boxes(np.where(valid[:, None], edges, 0).astype(np.float32), valid)
