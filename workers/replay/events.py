"""Find where every event of a .slp file's stream begins, without a Python step per event.

A stream is a chain: each event's size, from the table at the head of the file, tells where the next event
begins. The chain is walked for all frames at once: every byte that could open a frame is a candidate, all
candidates step forward together until each meets the next one, and only candidates on the true chain count.
The result is exactly that of walking event by event, for any bytes. `walk_one_by_one` walks event by event:
it is used if the fast walk is not possible, and as the reference in tests.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Offsets = NDArray[np.int64]


class Event(IntEnum):
    """Command bytes of the events that this project reads; all others are skipped by their size."""

    PAYLOADS = 0x35
    GAME_START = 0x36
    PRE = 0x37
    POST = 0x38
    GAME_END = 0x39
    FRAME_START = 0x3A
    ITEM = 0x3B
    BOOKEND = 0x3C
    FOD_PLATFORM = 0x3F
    WHISPY = 0x40
    STADIUM = 0x41


# The size of each event in the first version that wrote it; no version wrote fewer bytes.
_LEAST_BYTES = {
    Event.GAME_START: 0x13D,
    Event.PRE: 0x33,
    Event.POST: 0x22,
    Event.GAME_END: 0x2,
    Event.FRAME_START: 0x9,
    Event.ITEM: 0x26,
    Event.BOOKEND: 0x5,
    Event.FOD_PLATFORM: 0xA,
    Event.WHISPY: 0x6,
    Event.STADIUM: 0x9,
}
_ALWAYS_DECLARED = (Event.GAME_START, Event.PRE, Event.POST)
_MAX_STEPS = 64  # events of one frame, with some room: 8 pre, 8 post, 15 items, and a few others
# Average bytes per event; real games have 40 and more, and streams with fewer are walked event by event.
_LEAST_BYTES_PER_EVENT = 20

_BLOCK_BYTES = 1 << 16  # compared at once; a block that fits in the cache is several times faster


class Stop(StrEnum):
    """Why a walk through the events ended."""

    GAME_END = "game_end"  # at the game's own end
    END = "end"  # at the end of the stream, between two events
    CUT = "cut"  # within an event
    UNKNOWN = "unknown"  # at a byte that the size table does not know


@dataclass(frozen=True, slots=True)
class EventSizes:
    """The size table at the head of the stream.

    Attributes:
        total_bytes: int64 [256], size of each event with its command byte; 0 if the file has no such event.
        exclusive_end: Offset of the first event after the table.
    """

    total_bytes: NDArray[np.int64]
    exclusive_end: int

    def of(self, event: Event) -> int:
        """Return the size in bytes of such an event; 0 if the file has none."""
        return int(self.total_bytes[event])


@dataclass(frozen=True, slots=True)
class Walk:
    """Every event up to where the walk stopped.

    Attributes:
        offsets: int64 [E], ascending, of all events after the size table that are in `Event`.
        commands: uint8 [E], their command bytes.
        exclusive_end: Where the walk stopped.
        stop: Why it stopped there.
    """

    offsets: Offsets
    commands: Bytes
    exclusive_end: int
    stop: Stop


def read_sizes(stream: Bytes, start: int) -> EventSizes:
    """Read the size table that opens every stream.

    Raises:
        ReplayRefused: UNREADABLE: there is no table, it is cut, or an event in it is too short to be placed.
    """
    if len(stream) < start + 2 or stream[start] != Event.PAYLOADS:
        msg = "the event stream does not begin with the table of event sizes"
        raise ReplayRefused(Reason.UNREADABLE, msg)
    exclusive_end = start + 1 + int(stream[start + 1])
    entries = stream[start + 2 : exclusive_end]
    if exclusive_end > len(stream) or len(entries) % 3:
        msg = f"the table of event sizes is cut or torn: {len(entries)} bytes, a multiple of 3 expected"
        raise ReplayRefused(Reason.UNREADABLE, msg)
    total = np.zeros(256, np.int64)
    for command, high, low in entries.reshape(-1, 3).tolist():
        total[command] = 1 + (high << 8) + low
    for event, least in _LEAST_BYTES.items():
        size = int(total[event])
        if size < least and (size or event in _ALWAYS_DECLARED):
            msg = f"the size table gives {event.name} {size} bytes; it needs at least {least}"
            raise ReplayRefused(Reason.UNREADABLE, msg)
    return EventSizes(total, exclusive_end)


def find_events(stream: Bytes, sizes: EventSizes, exclusive_end: int) -> Walk:
    """Find all events of stream[sizes.exclusive_end:exclusive_end], like `walk_one_by_one`, but faster."""
    anchor = Event.FRAME_START if sizes.of(Event.FRAME_START) else Event.PRE
    stepper = _Stepper(stream, sizes, exclusive_end)
    position, stop = stepper.step(sizes.exclusive_end, until=anchor)
    if stop:
        return _walk(stream, np.asarray(stepper.offsets, np.int64), position, stop)
    candidates = _candidates(stream, anchor, position, exclusive_end)
    together = None
    if candidates is not None:
        together = _step_together(stream, sizes, exclusive_end, anchor, candidates)
    if candidates is None or together is None:
        return walk_one_by_one(stream, sizes, exclusive_end)
    is_passed = np.zeros(candidates.size, bool)
    while stop is None:
        index = int(np.searchsorted(candidates, position))
        if index < candidates.size and candidates[index] == position:
            index = _follow(together.links, index, is_passed)
            position = int(candidates[index])
        position, stop = stepper.step(position, until=anchor)
    offsets = _merge(together.passed(is_passed), np.asarray(stepper.offsets, np.int64))
    return _walk(stream, offsets, position, stop)


def walk_one_by_one(stream: Bytes, sizes: EventSizes, exclusive_end: int) -> Walk:
    """Find all events of stream[sizes.exclusive_end:exclusive_end], one after the other."""
    stepper = _Stepper(stream, sizes, exclusive_end)
    position, stop = stepper.step(sizes.exclusive_end, until=None)
    return _walk(stream, np.asarray(stepper.offsets, np.int64), position, stop or Stop.END)


def _walk(stream: Bytes, offsets: Offsets, exclusive_end: int, stop: Stop) -> Walk:
    commands = stream[offsets]
    is_known = _IS_KNOWN[commands]
    if not is_known.all():
        offsets, commands = offsets[is_known], commands[is_known]
    return Walk(offsets, commands, exclusive_end, stop)


class _Stepper:
    """Walks one event at a time and remembers the known ones it passed."""

    def __init__(self, stream: Bytes, sizes: EventSizes, exclusive_end: int) -> None:
        self._stream = stream.data
        self._sizes: list[int] = sizes.total_bytes.tolist()
        self._is_known: list[bool] = _IS_KNOWN.tolist()
        self._exclusive_end = exclusive_end
        self.offsets = array("q")  # takes eight bytes per offset; a list would take forty

    def step(self, position: int, until: Event | None) -> tuple[int, Stop | None]:
        """Walk from position to the next `until` after it; Stop is None if one was met."""
        stream, sizes, is_known, exclusive_end = (
            self._stream,
            self._sizes,
            self._is_known,
            self._exclusive_end,
        )
        begin = position
        while position < exclusive_end:
            command = stream[position]
            if command == until and position != begin:
                return position, None
            size = sizes[command]
            if size == 0:
                return position, Stop.UNKNOWN
            if position + size > exclusive_end:
                return position, Stop.CUT
            if is_known[command]:
                self.offsets.append(position)
            position += size
            if command == Event.GAME_END:
                return position, Stop.GAME_END
        return position, Stop.END


@dataclass(frozen=True, slots=True)
class _Together:
    """The result of walking from all candidates at once.

    Attributes:
        links: int64 [K], index of the candidate at which each walk ended; -1 if it met none.
        steps: For each step, the candidates still walking and the offset that each of them passed.
    """

    links: Offsets
    steps: list[tuple[Offsets, Offsets]]

    def passed(self, is_passed: NDArray[np.bool_]) -> Offsets:
        """Return the ascending offsets of all events that the walks of the marked candidates passed."""
        num_steps = np.zeros(is_passed.size, np.int64)
        for owners, _ in self.steps:
            num_steps[owners] += 1
        # Each walk's events are adjacent in the result, so the counts give the place of every walk.
        num_steps[~is_passed] = 0
        exclusive_ends = np.cumsum(num_steps)
        place = exclusive_ends - num_steps
        result = np.empty(int(exclusive_ends[-1]) if is_passed.size else 0, np.int64)
        for step, (owners, offsets) in enumerate(self.steps):
            counts = is_passed[owners]
            result[place[owners[counts]] + step] = offsets[counts]
        return result


_IS_KNOWN = np.isin(np.arange(256), [int(event) for event in _LEAST_BYTES])


def _merge(many: Offsets, few: Offsets) -> Offsets:
    """Merge two ascending arrays into one."""
    return np.insert(many, np.searchsorted(many, few), few)


def _candidates(stream: Bytes, anchor: Event, position: int, exclusive_end: int) -> Offsets | None:
    """Return where an anchor event may begin, from position on: its byte, then a possible frame number.

    None if there are too many such places.
    """
    found = [np.zeros(0, np.int64)]
    budget = _event_budget(stream)
    for start in range(position, exclusive_end - 1, _BLOCK_BYTES):
        block = stream[start : min(start + _BLOCK_BYTES, exclusive_end - 1)]
        offsets = np.flatnonzero(block == anchor) + start
        offsets = offsets[stream[offsets + 1] + np.uint8(1) <= 1]  # its highest byte is 0x00 or 0xFF
        found.append(offsets)
        # Bytes that look like openings can be crafted; beyond this budget the plain walk is used.
        budget -= offsets.size
        if budget < 0:
            return None
    return np.concatenate(found)


def _event_budget(stream: Bytes) -> int:
    return stream.size // _LEAST_BYTES_PER_EVENT + _MAX_STEPS


def _step_together(
    stream: Bytes, sizes: EventSizes, exclusive_end: int, anchor: Event, candidates: Offsets
) -> _Together | None:
    """Walk from every candidate to the anchor after it; None if there are more events than games have."""
    links = np.full(candidates.size, -1)
    steps: list[tuple[Offsets, Offsets]] = []
    budget = _event_budget(stream)
    owner, position = np.arange(candidates.size), candidates
    while owner.size and len(steps) < _MAX_STEPS:
        budget -= owner.size
        if budget < 0:
            return None
        command = stream[position]
        size = sizes.total_bytes[command]
        following = position + size
        goes_on = (size > 0) & (following < exclusive_end) & (command != Event.GAME_END)
        if not goes_on.all():
            owner, position, following = owner[goes_on], position[goes_on], following[goes_on]
        steps.append((owner, position))
        has_landed = stream[following] == anchor
        links[owner[has_landed]] = _index_of(candidates, following[has_landed])
        owner, position = owner[~has_landed], following[~has_landed]
    return _Together(links, steps)


def _index_of(candidates: Offsets, wanted: Offsets) -> Offsets:
    """Return the index of each wanted offset among the ascending candidates, -1 where it is not there."""
    index = np.minimum(np.searchsorted(candidates, wanted), candidates.size - 1)
    return np.where(candidates[index] == wanted, index, -1)


def _follow(links: Offsets, index: int, is_passed: NDArray[np.bool_]) -> int:
    """Mark the candidates on the chain that starts at `index`.

    Returns:
        The first candidate whose walk met no anchor; it is not marked.
    """
    turns = np.flatnonzero(
        links != np.arange(1, links.size + 1)
    )  # where the next frame is not the next candidate
    for turn in turns[np.searchsorted(turns, index) :].tolist():
        if turn < index:
            continue  # a false candidate, which the chain skipped
        is_passed[index:turn] = True
        index = int(links[turn])
        if index < 0:
            return int(turn)
        is_passed[turn] = True
    return index
