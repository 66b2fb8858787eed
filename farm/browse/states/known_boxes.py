"""Boxes around a game's fighters for its page if the camera is known, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.ledger.dataset import read_description

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.labels.boxes import Boxes
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

_UNKNOWN_CAMERA: Final = (
    "There are no boxes: where this game's camera looked is not recorded. They are known of games that the "
    "stand-in of this installation drew."
)


@dataclass(frozen=True, eq=False, slots=True)
class KnownBoxes:
    """The boxes of a game by fighter, with row 0 for the first frame; or no boxes, and why."""

    boxes: Mapping[str, Boxes]
    why: str


def known_boxes(store: Store, entry: LedgerEntry) -> KnownBoxes:
    """Calculate a game's boxes, or say why there are none.

    Raises:
        DatasetError: the states cannot be read.
    """
    try:
        from farm.browse.states.boxes import boxes_of_game, camera_is_known  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        return KnownBoxes({}, f"There are no boxes: {missing.name} is not installed where this is served.")
    description = read_description(store)
    if description.video is None or not camera_is_known(description, entry):
        return KnownBoxes({}, _UNKNOWN_CAMERA)
    return KnownBoxes(boxes_of_game(store, description, entry)[1], "")


def boxes_page(store: Store, entry: LedgerEntry) -> dict[str, Any]:
    """Return a game's boxes, JSON-ready: [left, top, right, bottom] by fighter and frame, null if unseen.

    Raises:
        DatasetError: the states cannot be read.
    """
    known = known_boxes(store, entry)
    return {
        "why": known.why,
        "first_slp_frame": entry.chunks[0].slp_frame_start,
        "fighters": {fighter: _rows(boxes) for fighter, boxes in known.boxes.items() if boxes.valid.any()},
    }


def _rows(boxes: Boxes) -> list[list[int] | None]:
    edges = np.round(boxes.edges).astype(int).tolist()
    return [row if is_seen else None for row, is_seen in zip(edges, boxes.valid.tolist(), strict=True)]
