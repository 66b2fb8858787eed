"""Make the state table of a replay: one row per final frame, with every column of the schema.

The sizes of its events tell which fields a file has, not its version label: two versions exist in two layouts
each.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.ledger.reasons import Reason
from manifests.state import schema
from manifests.state.items import ItemTable
from manifests.state.table import StateTable
from workers.errors import ReplayRefused
from workers.replay import melee_names
from workers.replay.events import Event
from workers.replay.instances import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from manifests.state.column import Column, Source
    from workers.replay import Replay
    from workers.replay.events import Bytes, Offsets

    Values = NDArray[Any]
    Mask = NDArray[np.bool_]

_MOST_WRITTEN = np.iinfo(np.uint8).max

# The stage's state before its first event: Fountain's platforms, no wind, Stadium's own shape.
_FOD_LEFT_AT_START, _FOD_RIGHT_AT_START = 20.0, 28.0
_STADIUM_AT_START = (0, 5)


def state_table(replay: Replay, *, finalized_only: bool = True) -> StateTable:
    """Return the state of every final frame, in slp_frame order.

    Frames that the game might have simulated again, at most a handful at the end of a cut netplay game, rest
    on guesses about the other player's input, and are left out; finalized_only=False keeps them, flagged.

    Raises:
        ReplayRefused: NOT_CONTIGUOUS if frames are missing in between, NO_FRAMES if none is final.
    """
    frames = replay.frames
    holes = np.flatnonzero(np.diff(frames.slp_frame) != 1)
    if holes.size:
        after, before = frames.slp_frame[holes[0]], frames.slp_frame[holes[0] + 1]
        msg = f"{holes.size} holes in the frame numbers, the first between {after} and {before}"
        raise ReplayRefused(Reason.NOT_CONTIGUOUS, msg)
    table = _build(replay)
    num_final = int(np.count_nonzero(frames.is_finalized))
    if not finalized_only or num_final == frames.num_frames:
        return table
    if not num_final:
        msg = f"none of the {frames.num_frames} frames was ever final"
        raise ReplayRefused(Reason.NO_FRAMES, msg)
    return table.slice(0, num_final)


def _build(replay: Replay) -> StateTable:
    frames, sizes = replay.frames, replay.sizes
    ports = tuple(player.port for player in replay.record.players)
    columns: dict[str, Values] = {}
    masks: dict[str, Mask] = {}
    everywhere, nowhere = np.ones(frames.num_frames, bool), np.zeros(frames.num_frames, bool)
    absent = np.full(frames.num_frames, -1)

    counted: dict[str, Values] = {
        "slp_frame": frames.slp_frame.astype("<i4"),
        "n_written": np.minimum(frames.num_written, _MOST_WRITTEN).astype("u1"),
        "finalized": frames.is_finalized,
    }
    columns.update(counted)
    masks.update(dict.fromkeys(counted, everywhere))
    start_event = _EventRows(replay.stream, frames.frame_start, sizes.of(Event.FRAME_START))
    start_event.read_into(columns, masks, "", schema.FRAME_COLUMNS)
    for name in schema.entity_names(len(ports)):
        entity = Entity(ports[int(name[1])], name.endswith("n"))
        post = _EventRows(replay.stream, frames.post.get(entity, absent), sizes.of(Event.POST))
        columns[f"{name}.present"] = post.mask if post.mask is not None else nowhere
        masks[f"{name}.present"] = everywhere
        post.read_into(columns, masks, f"{name}.", schema.POST_COLUMNS)
        pre = _EventRows(replay.stream, frames.pre.get(entity, absent), sizes.of(Event.PRE))
        pre.read_into(columns, masks, f"{name}.", schema.PRE_COLUMNS)
        _drop_meaningless(columns, masks, f"{name}.")
    for name, (values, is_known) in _stage(replay).items():
        columns[name] = values
        masks[name] = everywhere if is_known else nowhere
    return StateTable(
        columns=columns, masks=masks, items=_items(replay), stage=replay.record.stage_id, ports=ports
    )


def _drop_meaningless(columns: dict[str, Values], masks: dict[str, Mask], prefix: str) -> None:
    """Make values null that are not finite while their column has no meaning, as the schema declares.

    The game uses such a place for several things, some of which are not floats; as floats they may be NaN.
    """
    for column in schema.ENTITY_COLUMNS:
        if column.finite_while is None:
            continue
        flags, bits = column.finite_while
        name, is_meant = prefix + column.name, (columns[prefix + flags] & bits) != 0
        means_nothing = masks[name] & ~is_meant & ~np.isfinite(columns[name])
        if means_nothing.any():
            columns[name] = np.where(means_nothing, columns[name].dtype.type(0), columns[name])
            masks[name] = masks[name] & ~means_nothing


class _EventRows:
    """The events of one kind and entity, one per frame, which are gathered once and then read by columns."""

    def __init__(self, stream: Bytes, offsets: Offsets, size: int) -> None:
        self._num_rows, self._size = offsets.size, size
        self.mask: Mask | None = None  # None: there is no such event in any row
        is_there = offsets >= 0
        if size and is_there.any():
            self.mask = is_there
            self._gaps = None if is_there.all() else ~is_there
            # A view of the stream with an event-wide item at every byte, so that indexing copies whole
            # events.
            events = np.ndarray(stream.size - size + 1, f"V{size}", stream, strides=(1,))
            self._rows = events[np.maximum(offsets, 0)]

    def read(self, column: Column) -> Values | None:
        """Return values [F], zero where there is no event; None if the file does not record the column."""
        source = column.source
        if source is None or self.mask is None or self._size < source.requires_bytes:
            return None
        raw = self._rows.view(_one_field(source, self._size))["value"]
        if _is_side(column):
            raw = np.sign(np.nan_to_num(raw, posinf=0, neginf=0))
        values: Values = raw.astype(column.numpy_dtype)
        if self._gaps is not None:
            values[self._gaps] = 0
        return values

    def _is_finite(self, column: Column) -> Mask:
        """Return where the recorded float is a number, bool [F]; only for columns that `read` returns."""
        assert column.source is not None, "it was read"
        found: Mask = np.isfinite(self._rows.view(_one_field(column.source, self._size))["value"])
        return found

    def read_into(
        self,
        columns: dict[str, Values],
        masks: dict[str, Mask],
        prefix: str,
        declared: Iterable[Column],
    ) -> None:
        """Add every declared column that comes from this event; it is null throughout if not recorded."""
        nowhere = np.zeros(self._num_rows, bool)
        for column in declared:
            if column.source is None:
                continue
            values = self.read(column)
            mask = nowhere if values is None or self.mask is None else self.mask
            if values is not None and _is_side(column) and not (is_side := self._is_finite(column)).all():
                mask = mask & is_side
            columns[prefix + column.name] = (
                values if values is not None else np.zeros(self._num_rows, column.numpy_dtype)
            )
            masks[prefix + column.name] = mask


def _is_side(column: Column) -> bool:
    """Whether the game writes a float to mean a side; a side that is not a number becomes null."""
    return column.name == "facing" and column.dtype == "int8"


@cache
def _one_field(source: Source, size: int) -> np.dtype[np.void]:
    """Return the dtype of an event of `size` bytes of which only the source's field is read."""
    return np.dtype(
        {"names": ["value"], "formats": [source.wire], "offsets": [source.offset], "itemsize": size}
    )


def _items(replay: Replay) -> ItemTable:
    frames, size = replay.frames, replay.sizes.of(Event.ITEM)
    recorded = frozenset(
        column.name
        for column in schema.ITEM_COLUMNS
        if column.source is not None and size >= column.source.requires_bytes
    )
    if not frames.item.size:
        return ItemTable.empty(frames.num_frames, recorded)
    rows = _EventRows(replay.stream, frames.item, size)
    columns = {}
    for column in schema.ITEM_COLUMNS:
        values = rows.read(column)
        columns[column.name] = np.zeros(frames.item.size, column.numpy_dtype) if values is None else values
    counts = np.bincount(frames.item_frame, minlength=frames.num_frames)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return ItemTable(offsets=offsets, columns=columns, recorded=recorded)


def _stage(replay: Replay) -> dict[str, tuple[Values, bool]]:
    """Return each stage column's values, [F], and whether the column is known."""
    record, frames, sizes = replay.record, replay.frames, replay.sizes
    declared = {column.name: column.numpy_dtype for column in schema.STAGE_COLUMNS}
    found = {name: (np.zeros(frames.num_frames, dtype), False) for name, dtype in declared.items()}

    def fill(name: str, event: Event, events: Offsets, field: tuple[int, str], at_start: float) -> None:
        values = _fill_forward(replay, events, field, at_start)
        found[name] = (values.astype(declared[name]), sizes.of(event) > 0)

    if record.stage_id == melee_names.FOUNTAIN_OF_DREAMS:
        moved = frames.stage_events[Event.FOD_PLATFORM]
        is_left = replay.stream[moved + 5] == 1
        fill("fod_left", Event.FOD_PLATFORM, moved[is_left], (6, ">f4"), _FOD_LEFT_AT_START)
        fill("fod_right", Event.FOD_PLATFORM, moved[~is_left], (6, ">f4"), _FOD_RIGHT_AT_START)
    if record.stage_id == melee_names.DREAM_LAND:
        fill("whispy", Event.WHISPY, frames.stage_events[Event.WHISPY], (5, "u1"), 0)
    if record.stage_id == melee_names.POKEMON_STADIUM:
        changed = frames.stage_events[Event.STADIUM]
        fill("ps_event", Event.STADIUM, changed, (5, ">u2"), _STADIUM_AT_START[0])
        fill("ps_type", Event.STADIUM, changed, (7, ">u2"), _STADIUM_AT_START[1])
    if record.stage_id == melee_names.YOSHIS_STORY:
        left, height = melee_names.randall_positions(frames.slp_frame)
        found["d_randall_x"] = (left.astype(declared["d_randall_x"]), True)
        found["d_randall_y"] = (height.astype(declared["d_randall_y"]), True)
    return found


def _fill_forward(replay: Replay, events: Offsets, field: tuple[int, str], at_start: float) -> Values:
    """Return the value at the end of each kept instance, by the events of all instances in stream order.

    The game sends such an event only on a change, and remembers what it sent. A rollback need not undo that
    memory, so the only event of a change may be in an instance that was later simulated again.
    """
    offset, wire = field
    width = np.dtype(wire).itemsize
    windows: Bytes = np.ndarray((replay.stream.size - width + 1, width), "u1", replay.stream, strides=(1, 1))
    changes = windows[events + offset].copy().view(wire)[:, 0]
    running = np.concatenate([np.array([at_start]), changes.astype(np.float64)])
    return running[np.searchsorted(events, replay.frames.exclusive_end, side="left")]
