"""Finds the one game that the first digits of a game_id name, and the chunk that holds one of its frames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.training.dataset import WindowDataset

_GAME_AND_FRAME: Final = re.compile(r"([^:]*):(-?[0-9]{1,9})")


def game_that_begins(digits: str, game_ids: Sequence[str]) -> int:
    """Return the index of the one game_id that begins with these digits.

    Args:
        digits: the first digits of the game_id, at least one.
        game_ids: the game_ids of all games to choose from.

    Raises:
        ValueError: no game_id begins so, or several do.
    """
    found = [place for place, game_id in enumerate(game_ids) if digits and game_id.startswith(digits)]
    if len(found) != 1:
        number = f"{len(found):,}" if found else "no"
        more = "; give more digits" if found else ""
        message = f"{number} game_id of {len(game_ids):,} begins with {digits!r:.70}{more}"
        raise ValueError(message)
    return found[0]


def asked_number(dataset: WindowDataset, name: str) -> int | None:
    """Read the number of a window of the dataset; None if the name is no number, or is too large."""
    return int(name) if name.isascii() and name.isdigit() and int(name) < len(dataset) else None


def asked_frame(name: str) -> tuple[str, int] | None:
    """Read GAME:SLP_FRAME as the digits of the game_id and the slp_frame; None if it has another form."""
    found = _GAME_AND_FRAME.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def chunk_with_frame(dataset: WindowDataset, name: str) -> tuple[int, int]:
    """Return the chunk that holds the frame named as GAME:SLP_FRAME, and its frame_index in the chunk.

    Raises:
        ValueError: the name has another form, it fits no game or several, or the game has no such frame.
    """
    asked = asked_frame(name)
    if asked is None:
        message = f"{name!r:.60} is not written so"
        raise ValueError(message)
    footage = dataset.footage
    game = game_that_begins(asked[0], dataset.games["game_id"].to_pylist())
    chunks = np.flatnonzero(footage.grid.game == game)
    frame_index = asked[1] - footage.slp_frame_start[chunks].astype(np.int64)
    holds = (frame_index >= 0) & (frame_index < footage.grid.num_frames[chunks])
    if not holds.any():
        message = f"that game has no frame {asked[1]}"
        raise ValueError(message)
    place = int(np.flatnonzero(holds)[0])
    return int(chunks[place]), int(frame_index[place])
