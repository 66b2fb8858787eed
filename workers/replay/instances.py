"""From events to frames: which written instance of each frame counts, and where its events lie.

A netplay file holds a frame once for every time it was simulated. The last complete instance counts: it is what
the game settled on and what playback shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from workers.replay.events import Event, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workers.replay.events import Bytes, EventSizes, Offsets, Walk

# Slippi never simulates further ahead of the last confirmed input than this; older frames cannot change.
MAX_ROLLBACK_FRAMES = 7
_NUM_PORTS = 4
_ABSENT = -1


@dataclass(frozen=True, slots=True)
class Entity:
    """Who an event is about: a port's leader or its follower (Nana)."""

    port: int
    is_follower: bool


@dataclass(frozen=True, eq=False, slots=True)
class FinalFrames:
    """The F frames of a replay, ascending, each by its last complete instance. Offsets are into the stream.

    Attributes:
        slp_frame: int64 [F], strictly ascending; not necessarily without holes.
        num_written: int64 [F], complete instances of the frame.
        is_finalized: bool [F], False where the game might have simulated the frame once more.
        frame_start: int64 [F], the FRAME_START event, or -1.
        exclusive_end: int64 [F], where the kept instance ends.
        pre: int64 [F] per entity, its PRE event in the kept instance, or -1.
        post: int64 [F] per entity, its POST event in the kept instance, or -1.
        item: int64 [N], ITEM events of kept instances, by frame and in the order written.
        item_frame: int64 [N], index into slp_frame of each.
        stage_events: int64 offsets of the events of each stage kind, of all instances, in stream order.
        last_finalized: Highest frame index the game declared final; None where the version does not say.
        num_instances: Complete instances in all.
        num_foreign_events: Events of players outside ports 0-3, which are left out.
        damage: Where and how the stream contradicts itself; None if it does not. Frames are those before.
    """

    slp_frame: Offsets
    num_written: Offsets
    is_finalized: NDArray[np.bool_]
    frame_start: Offsets
    exclusive_end: Offsets
    pre: Mapping[Entity, Offsets] = field(repr=False)
    post: Mapping[Entity, Offsets] = field(repr=False)
    item: Offsets = field(repr=False)
    item_frame: Offsets = field(repr=False)
    stage_events: Mapping[Event, Offsets] = field(repr=False)
    last_finalized: int | None
    num_instances: int
    num_foreign_events: int
    damage: str | None

    @property
    def num_frames(self) -> int:
        """F."""
        return len(self.slp_frame)


def read_int32(stream: Bytes, offsets: Offsets) -> Offsets:
    """The big-endian int32 at each offset, as int64."""
    everywhere: NDArray[np.int32] = np.ndarray(len(stream) - 3, ">i4", stream, strides=(1,))
    return everywhere[offsets].astype(np.int64)


def settle(stream: Bytes, sizes: EventSizes, walk: Walk) -> FinalFrames:
    """Group the walk's events into instances, and keep the last complete one of each frame index."""
    offsets = walk.offsets[~np.isin(stream[walk.offsets], [Event.GAME_START, Event.GAME_END])]
    offsets, instance, frame, damage = _place(stream, sizes, offsets)
    command = stream[offsets]
    is_complete = _complete(stream, sizes, offsets, instance, len(frame), walk.stop)
    complete = np.flatnonzero(is_complete)
    # The first in the reversed order is the last written.
    slp_frame, reversed_index, num_written = np.unique(
        frame[complete][::-1], return_index=True, return_counts=True
    )
    kept = complete[::-1][reversed_index]
    row_of_instance = np.full(len(frame) + 1, _ABSENT)
    row_of_instance[kept] = np.arange(kept.size)
    row = row_of_instance[instance]

    def placed(event: Event) -> Offsets:
        selected = (command == event) & (row >= 0)
        result = np.full(kept.size, _ABSENT)
        result[row[selected]] = offsets[selected]
        return result

    is_item = (command == Event.ITEM) & (row >= 0)
    item_order = np.argsort(row[is_item], kind="stable")
    last_finalized = _last_finalized(stream, sizes, offsets[command == Event.BOOKEND])
    bounds = np.append(offsets[np.flatnonzero(np.diff(instance, prepend=-1) > 0)], walk.exclusive_end)
    first_instance = int(instance[0]) if instance.size else 0
    pre, num_foreign_pre = _by_entity(stream, offsets, row, command == Event.PRE, kept.size)
    post, num_foreign_post = _by_entity(stream, offsets, row, command == Event.POST, kept.size)
    return FinalFrames(
        slp_frame=slp_frame,
        num_written=num_written,
        is_finalized=_finalized(slp_frame, last_finalized, is_netplay=bool((num_written > 1).any())),
        frame_start=placed(Event.FRAME_START),
        exclusive_end=bounds[kept - first_instance + 1],
        pre=pre,
        post=post,
        item=offsets[is_item][item_order],
        item_frame=row[is_item][item_order],
        stage_events={
            event: offsets[command == event] for event in (Event.FOD_PLATFORM, Event.WHISPY, Event.STADIUM)
        },
        last_finalized=last_finalized,
        num_instances=complete.size,
        num_foreign_events=num_foreign_pre + num_foreign_post,
        damage=damage,
    )


def _place(
    stream: Bytes, sizes: EventSizes, offsets: Offsets
) -> tuple[Offsets, Offsets, Offsets, str | None]:
    """Number the instance of every event; cut the stream where an event names another frame than its instance.

    Returns:
        The offsets kept, int64 [E]; their instance, int64 [E], ascending; the frame of each instance, int64 [I];
        and the damage, if the stream was cut.
    """
    command = stream[offsets]
    frame_named = read_int32(stream, offsets + 1) if offsets.size else offsets
    if sizes.of(Event.FRAME_START):
        opens = command == Event.FRAME_START
    else:
        is_pre = command == Event.PRE
        opens = np.zeros(offsets.size, bool)
        opens[np.flatnonzero(is_pre)] = np.diff(frame_named[is_pre], prepend=-(2**40)) != 0
    instance = np.cumsum(opens) - 1
    frame = frame_named[opens]
    is_stage = np.isin(command, [Event.FOD_PLATFORM, Event.WHISPY, Event.STADIUM])
    # Whatever precedes the first frame belongs to none; only a stage event may.
    expected = frame[np.maximum(instance, 0)] if frame.size else np.full(offsets.size, -(2**40))
    strays = ~is_stage & ((instance < 0) | (frame_named != expected))
    if not strays.any():
        return offsets, instance, frame, None
    first = int(np.flatnonzero(strays)[0])
    damage = f"the event at byte {offsets[first]} names frame {frame_named[first]} within another frame"
    num_opened = int(np.count_nonzero(opens[:first]))
    return offsets[:first], instance[:first], frame[:num_opened], damage


def _complete(
    stream: Bytes, sizes: EventSizes, offsets: Offsets, instance: Offsets, num_instances: int, stop: Stop
) -> NDArray[np.bool_]:
    """Bool [I]: whether each instance was written to its end."""
    command = stream[offsets]
    if sizes.of(Event.BOOKEND):
        is_complete = np.zeros(num_instances, bool)
        is_complete[instance[command == Event.BOOKEND]] = True
        return is_complete
    is_complete = np.ones(num_instances, bool)
    if num_instances and stop is not Stop.GAME_END:
        # Without a bookend only the last can be cut; all pre events come before all post events.
        last = offsets[instance == num_instances - 1]
        who = [set(_keys(stream, last[stream[last] == event]).tolist()) for event in (Event.PRE, Event.POST)]
        is_complete[-1] = who[0] == who[1] and bool(who[0])
    return is_complete


def _keys(stream: Bytes, offsets: Offsets) -> Offsets:
    """port * 2 + is_follower of each PRE or POST event."""
    return stream[offsets + 5].astype(np.int64) * 2 + (stream[offsets + 6] != 0)


def _by_entity(
    stream: Bytes, offsets: Offsets, row: Offsets, is_event: NDArray[np.bool_], num_rows: int
) -> tuple[dict[Entity, Offsets], int]:
    """For each entity the offset of its event in each row, -1 where it has none; and how many events had no port."""
    selected = is_event & (row >= 0)
    offsets, row = offsets[selected], row[selected]
    keys = _keys(stream, offsets)
    result = {}
    for key in np.flatnonzero(np.bincount(keys, minlength=1)).tolist():
        if key < 2 * _NUM_PORTS:
            of_entity = keys == key
            placed = np.full(num_rows, _ABSENT)
            placed[row[of_entity]] = offsets[of_entity]
            result[Entity(key // 2, bool(key % 2))] = placed
    return result, int(np.count_nonzero(keys >= 2 * _NUM_PORTS))


def _last_finalized(stream: Bytes, sizes: EventSizes, bookends: Offsets) -> int | None:
    has_field = sizes.of(Event.BOOKEND) >= 9  # noqa: PLR2004 - command, frame, latest finalized frame
    return int(read_int32(stream, bookends + 5).max()) if has_field and bookends.size else None


def _finalized(slp_frame: Offsets, last_finalized: int | None, is_netplay: bool) -> NDArray[np.bool_]:
    if last_finalized is not None:
        return slp_frame <= last_finalized
    if is_netplay and slp_frame.size:
        # Versions before 3.7 do not say; what lies further back than any rollback reaches is certain.
        return slp_frame <= slp_frame[-1] - MAX_ROLLBACK_FRAMES
    return np.ones(slp_frame.size, bool)
