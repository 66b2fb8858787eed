"""Group events into frames: decide which written instance of each frame counts, and find its events.

A netplay file holds a frame once for every time it was simulated. The last complete instance counts: it is
the one that the game kept, and that playback shows.
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

# Slippi never simulates further ahead of the last confirmed input than this, so older frames cannot change.
MAX_ROLLBACK_FRAMES = 7
_NUM_PORTS = 4
_ABSENT = -1
_NO_FRAME = -(2**40)  # no int32 equals this
_STAGE_EVENTS = (Event.FOD_PLATFORM, Event.WHISPY, Event.STADIUM)
# These events may name another frame than the one in which they are written, or no frame.
_MAY_STRAY = np.isin(np.arange(256), [Event.GAME_START, Event.GAME_END, *_STAGE_EVENTS])


@dataclass(frozen=True, slots=True)
class Entity:
    """The fighter of an event: a port's leader or its follower (Nana)."""

    port: int
    is_follower: bool


@dataclass(frozen=True, eq=False, slots=True)
class FinalFrames:
    """The F frames of a replay, ascending, each with its last complete instance. Offsets are into the stream.

    Attributes:
        slp_frame: int64 [F], strictly ascending; not necessarily without holes.
        num_written: int64 [F], complete instances of the frame.
        is_finalized: bool [F], False where the game might have simulated the frame again.
        frame_start: int64 [F], the FRAME_START event, or -1.
        exclusive_end: int64 [F], where the kept instance ends.
        pre: int64 [F] per entity, its PRE event in the kept instance, or -1.
        post: int64 [F] per entity, its POST event in the kept instance, or -1.
        item: int64 [N], ITEM events of kept instances, by frame and in the order written.
        item_frame: int64 [N], index into slp_frame of each ITEM event.
        stage_events: int64 offsets of the events of each stage kind, of all instances, in stream order.
        last_finalized: Highest frame index that the game declared final; None if the version does not say.
        num_instances: Number of all complete instances.
        num_foreign_events: Number of events of players outside ports 0-3, which are left out.
        foreign_ports: 0-based ports that these events name, ascending.
        damage: Where and how the stream contradicts itself, after which no frame is kept; None if it does
            not.
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
    foreign_ports: tuple[int, ...]
    damage: str | None

    @property
    def num_frames(self) -> int:
        """How many frames there are: F."""
        return len(self.slp_frame)


def read_int32(stream: Bytes, offsets: Offsets) -> Offsets:
    """Return the big-endian int32 at each offset, as int64."""
    # A view of the stream as an int32 at every byte offset, which copies nothing.
    everywhere: NDArray[np.int32] = np.ndarray(len(stream) - 3, ">i4", stream, strides=(1,))
    return everywhere[offsets].astype(np.int64)


def settle(stream: Bytes, sizes: EventSizes, walk: Walk) -> FinalFrames:
    """Group the walk's events into instances, and keep the last complete one of each frame index."""
    placed = _place(stream, sizes, walk)
    complete = np.flatnonzero(_complete(stream, sizes, placed, walk.stop))
    # The first instance in the reversed order is the one that was written last.
    slp_frame, reversed_index, num_written = np.unique(
        placed.frame[complete][::-1], return_index=True, return_counts=True
    )
    kept = complete[::-1][reversed_index]
    # Events before the first frame have instance -1, which is the index of the last place.
    row_of_instance = np.full(placed.frame.size + 1, _ABSENT)
    row_of_instance[kept] = np.arange(kept.size)
    frame_start, _ = placed.of(Event.FRAME_START)
    item, item_frame = _items(placed, row_of_instance)
    bookends, _ = placed.of(Event.BOOKEND)
    last_finalized = _last_finalized(stream, sizes, bookends)
    pre, foreign_pre = _by_entity(stream, placed, Event.PRE, row_of_instance, kept.size)
    post, foreign_post = _by_entity(stream, placed, Event.POST, row_of_instance, kept.size)
    foreign = np.concatenate([foreign_pre, foreign_post])
    return FinalFrames(
        slp_frame=slp_frame,
        num_written=num_written,
        is_finalized=_finalized(slp_frame, last_finalized, is_netplay=bool((num_written > 1).any())),
        frame_start=frame_start[kept] if frame_start.size else np.full(kept.size, _ABSENT),
        exclusive_end=placed.exclusive_end[kept],
        pre=pre,
        post=post,
        item=item,
        item_frame=item_frame,
        stage_events={event: placed.of(event)[0] for event in _STAGE_EVENTS},
        last_finalized=last_finalized,
        num_instances=complete.size,
        num_foreign_events=foreign.size,
        foreign_ports=tuple(np.unique(foreign).tolist()),
        damage=placed.damage,
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """Every event, with the instance that it belongs to.

    Attributes:
        offsets: int64 [E], offsets of all events.
        command: uint8 [E], kinds of the events.
        instance: int32 [E], ascending; -1 for events before the first frame.
        frame: int64 [I], the frame index of each instance.
        exclusive_end: int64 [I], where each instance ends.
        damage: Where and how the stream contradicts itself; None if it does not.
    """

    offsets: Offsets
    command: Bytes
    instance: NDArray[np.int32]
    frame: Offsets
    exclusive_end: Offsets
    damage: str | None

    def of(self, event: Event) -> tuple[Offsets, NDArray[np.int32]]:
        """Return offsets and instances of one kind of event, in stream order."""
        index = np.flatnonzero(self.command == event)
        return self.offsets[index], self.instance[index]


def _place(stream: Bytes, sizes: EventSizes, walk: Walk) -> _Placed:
    """Number every event's instance; cut the stream at an event that names a frame not its instance's."""
    offsets, command = walk.offsets, walk.commands
    frame_named = read_int32(stream, offsets + 1)
    if sizes.of(Event.FRAME_START):
        opening = np.flatnonzero(command == Event.FRAME_START)
    else:
        pre = np.flatnonzero(command == Event.PRE)
        opening = pre[np.flatnonzero(np.diff(frame_named[pre], prepend=_NO_FRAME))]
    opens = np.zeros(offsets.size, np.int8)
    opens[opening] = 1
    instance = np.cumsum(opens, dtype=np.int32) - np.int32(1)
    frame = frame_named[opening]
    expected = np.append(frame, _NO_FRAME)[instance]
    strays = np.flatnonzero(frame_named != expected)
    strays = strays[~_MAY_STRAY[command[strays]]]
    damage, end = None, walk.exclusive_end
    if strays.size:
        first = int(strays[0])
        damage = f"the event at byte {offsets[first]} names frame {frame_named[first]} within another frame"
        end = int(offsets[first])
        opening, offsets, command, instance = (
            opening[opening < first],
            offsets[:first],
            command[:first],
            instance[:first],
        )
    return _Placed(
        offsets=offsets,
        command=command,
        instance=instance,
        frame=frame[: opening.size],
        exclusive_end=np.append(offsets[opening[1:]], end)[: opening.size],
        damage=damage,
    )


def _complete(stream: Bytes, sizes: EventSizes, placed: _Placed, stop: Stop) -> NDArray[np.bool_]:
    """Return bool [I]: whether each instance was written to its end."""
    if sizes.of(Event.BOOKEND):
        is_complete = np.zeros(placed.frame.size, bool)
        is_complete[placed.of(Event.BOOKEND)[1]] = True
        return is_complete
    is_complete = np.ones(placed.frame.size, bool)
    if is_complete.size and (stop is not Stop.GAME_END or placed.damage):
        # Without a bookend only the last instance can be cut; all pre events come before all post events.
        last = placed.offsets[placed.instance == is_complete.size - 1]
        who = [set(_keys(stream, last[stream[last] == event]).tolist()) for event in (Event.PRE, Event.POST)]
        is_complete[-1] = who[0] == who[1] and bool(who[0])
    return is_complete


def _items(placed: _Placed, row_of_instance: Offsets) -> tuple[Offsets, Offsets]:
    """Return offsets and rows of the items of kept instances, in order of frame and then as written."""
    offsets, instance = placed.of(Event.ITEM)
    row = row_of_instance[instance]
    is_kept = row >= 0
    offsets, row = offsets[is_kept], row[is_kept]
    order = np.argsort(row, kind="stable")
    return offsets[order], row[order]


def _keys(stream: Bytes, offsets: Offsets) -> NDArray[np.int32]:
    """Return port * 2 + is_follower of each PRE or POST event."""
    keys: NDArray[np.int32] = stream[offsets + 5].astype(np.int32) * 2 + (stream[offsets + 6] != 0)
    return keys


def _by_entity(
    stream: Bytes, placed: _Placed, event: Event, row_of_instance: Offsets, num_rows: int
) -> tuple[dict[Entity, Offsets], NDArray[np.int32]]:
    """Return each entity's event in each row, -1 where it has none, and the ports of events of no player."""
    offsets, instance = placed.of(event)
    row = row_of_instance[instance]
    keys = _keys(stream, offsets)
    found = keys[row >= 0]
    is_foreign = found >= 2 * _NUM_PORTS
    result = {}
    for key in np.unique(found[~is_foreign]).tolist():
        of_entity = np.flatnonzero(keys == key)
        in_row = np.full(num_rows + 1, _ABSENT)  # events of no row go to the last place, which is dropped
        in_row[row[of_entity]] = offsets[of_entity]
        result[Entity(key // 2, bool(key % 2))] = in_row[:-1]
    return result, found[is_foreign] // 2


def _last_finalized(stream: Bytes, sizes: EventSizes, bookends: Offsets) -> int | None:
    has_field = sizes.of(Event.BOOKEND) >= 9  # noqa: PLR2004 - command, frame, latest finalized frame
    return int(read_int32(stream, bookends + 5).max()) if has_field and bookends.size else None


def _finalized(slp_frame: Offsets, last_finalized: int | None, *, is_netplay: bool) -> NDArray[np.bool_]:
    final = int(slp_frame[-1]) if slp_frame.size else 0
    if last_finalized is not None:
        final = last_finalized
    elif is_netplay:
        # Versions before 3.7 do not say; frames further back than any rollback reaches are final.
        final -= MAX_ROLLBACK_FRAMES
    is_finalized: NDArray[np.bool_] = slp_frame <= final
    return is_finalized
