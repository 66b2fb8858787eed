"""Compare two recordings of one game, frame by frame, by the course of the game alone.

Both players of a netplay game record it, each with its own rollbacks. So the comparison ignores how often a
frame was written, and whether the recording knew it to be final; everything else is the course of the game.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.schema import ITEM_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable
    from workers.replay.record import GameRecord

    Values = NDArray[Any]

_OF_THE_RECORDING: Final = frozenset({"n_written", "finalized"})
_ABSENT: Final = "null"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between two recordings of one game.

    Attributes:
        slp_frame: the first frame in which they differ.
        column: the first column, in the schema's order, in which that frame differs; `items` if the numbers
            of items differ, `items.x` and so on if one of the items differs; `stage` or `ports` if not even
            these are the same.
        first, second: each recording's value there, as text; "null" if it has none.
    """

    slp_frame: int
    column: str
    first: str
    second: str


def play_sha256(table: StateTable) -> str:
    """Hash the course of a game, in hexadecimal: equal for recordings that agree in every frame and column.

    Recordings that end at different frames, or record different columns, have different hashes and may still
    agree; `first_difference` tells.
    """
    digest = hashlib.sha256(f"{table.stage} {table.ports} {table.num_frames}".encode())
    for name in table.names():
        mask = table.valid(name)
        if name in _OF_THE_RECORDING or not mask.any():
            continue
        digest.update(f"\n{name}\n".encode())
        if not mask.all():
            digest.update(np.packbits(mask).data)
        digest.update(np.ascontiguousarray(table.values(name)).data)
    table.items.update_digest(digest)
    return digest.hexdigest()


def first_difference(first: StateTable, second: StateTable) -> Difference | None:
    """Find the first frame in which two recordings of one game disagree; None if there is none.

    Only frames that both have are compared, and only columns that both recorded.

    Args:
        first: the confirmed frames of one recording, from `workers.replay.state.state_table`.
        second: the confirmed frames of the other recording.

    Raises:
        ValueError: they have no frame in common.
    """
    start = max(first.first_slp_frame, second.first_slp_frame)
    exclusive_end = min(first.exclusive_end_slp_frame, second.exclusive_end_slp_frame)
    if start >= exclusive_end:
        ends = first.exclusive_end_slp_frame, second.exclusive_end_slp_frame
        message = f"no frame in common: one begins at {start}, the other ends before {min(ends)}"
        raise ValueError(message)
    for name in ("stage", "ports"):
        whole = getattr(first, name), getattr(second, name)
        if whole[0] != whole[1]:
            return Difference(start, name, str(whole[0]), str(whole[1]))
    one, other = (
        table.slice(start - table.first_slp_frame, exclusive_end - table.first_slp_frame)
        for table in (first, second)
    )
    found = [_in_column(one, other, name) for name in one.names() if name not in _OF_THE_RECORDING]
    found.append(_in_items(one, other))
    # Of equally early differences, the first in the schema's order is returned.
    return min((each for each in found if each is not None), key=lambda each: each.slp_frame, default=None)


def why_not_one_game(first: GameRecord, second: GameRecord) -> str | None:
    """Return what shows that two replays are of different games; None if nothing does."""
    told: list[tuple[str, object, object]] = [
        ("stage", first.stage_name, second.stage_name),
        ("players", _who_plays(first), _who_plays(second)),
        ("random seed", first.rng_seed, second.rng_seed),
    ]
    if first.match_key is not None and second.match_key is not None:
        told.append(("match", first.match_key, second.match_key))
    for what, one, other in told:
        if one != other:
            return f"{what}: {one} and {other}"
    return None


def _who_plays(record: GameRecord) -> str:
    return ", ".join(f"{player.character_name} at port {player.port + 1}" for player in record.players)


def _in_column(one: StateTable, other: StateTable, name: str) -> Difference | None:
    masks = one.valid(name), other.valid(name)
    if not (masks[0].any() and masks[1].any()):
        return None  # one of the versions does not record this column
    values = one.values(name), other.values(name)
    differs = (masks[0] != masks[1]) | (masks[0] & _differ(*values))
    if not differs.any():
        return None
    row = int(np.argmax(differs))
    texts = [str(value[row]) if mask[row] else _ABSENT for value, mask in zip(values, masks, strict=True)]
    return Difference(one.first_slp_frame + row, name, texts[0], texts[1])


def _in_items(one: StateTable, other: StateTable) -> Difference | None:
    if not (one.items.valid and other.items.valid):
        return None
    counts = np.diff(one.items.offsets), np.diff(other.items.offsets)
    uneven = np.flatnonzero(counts[0] != counts[1])
    found = []
    num_even = one.num_frames
    if uneven.size:
        num_even = int(uneven[0])
        texts = [str(count[num_even]) for count in counts]
        found.append(Difference(one.first_slp_frame + num_even, "items", texts[0], texts[1]))
    # Up to the first frame whose numbers of items differ, row k of one corresponds to row k of the other.
    rows = slice(0, int(one.items.offsets[num_even]))
    frame_index = one.items.frame_index()
    for column in ITEM_COLUMNS:
        if not (one.items.is_recorded(column.name) and other.items.is_recorded(column.name)):
            continue
        values = one.items.values(column.name)[rows], other.items.values(column.name)[rows]
        if (differs := _differ(*values)).any():
            row = int(np.argmax(differs))
            slp_frame = one.first_slp_frame + int(frame_index[row])
            found.append(
                Difference(slp_frame, f"items.{column.name}", str(values[0][row]), str(values[1][row]))
            )
    return min(found, key=lambda each: each.slp_frame, default=None)


def _differ(one: Values, other: Values) -> NDArray[np.bool_]:
    """Return where two columns differ, bool [N]; NaNs count as equal to each other."""
    differs: NDArray[np.bool_] = one != other
    if one.dtype.kind == "f" and differs.any():
        differs &= ~(np.isnan(one) & np.isnan(other))
    return differs
