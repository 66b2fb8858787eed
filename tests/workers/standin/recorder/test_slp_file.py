from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.standin.recorder import Recording, RecordOptions, record, record_match
from workers.standin.recorder.actions import DAMAGED, NO_ANIMATION, Act, animation_of, first_age

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 15  # bytes before the event stream

# Command -> payload size, as real files of version 3.18 declare it; 0x3D is as long as the list of codes.
SIZES_OF_3_18 = {
    0x36: 760, 0x37: 66, 0x38: 84, 0x39: 6, 0x3A: 12, 0x3B: 44, 0x3C: 8, 0x10: 516, 0x3F: 9, 0x40: 5, 0x41: 8,
}  # fmt: skip


def _events(data: bytes) -> list[bytes]:
    """The events after the first one, divided by the sizes that the first one declares."""
    length = struct.unpack(">I", data[11:HEAD])[0]
    raw = data[HEAD : HEAD + length]
    sizes = _sizes(raw)
    events, at = [], 1 + raw[1]
    while at < len(raw):
        size = 1 + sizes[raw[at]]
        events.append(raw[at : at + size])
        at += size
    assert at == len(raw)
    return events


def _sizes(raw: bytes) -> dict[int, int]:
    rows = raw[2 : 1 + raw[1]]
    return {rows[i]: struct.unpack(">H", rows[i + 1 : i + 3])[0] for i in range(0, len(rows), 3)}


def _game_start(data: bytes) -> bytes:
    return next(event for event in _events(data) if event[0] == 0x36)


def test_payload_sizes_are_those_of_version_3_18(recording: Recording):
    sizes = _sizes(recording.data[HEAD:])

    assert {command: size for command, size in sizes.items() if command != 0x3D} == SIZES_OF_3_18


@pytest.mark.shared
def test_payload_sizes_are_those_of_a_real_file(recording: Recording, real_replays: Path):
    real = (real_replays / "v3.18.slp").read_bytes()
    theirs, ours = _sizes(real[HEAD:]), _sizes(recording.data[HEAD:])

    assert {**ours, 0x3D: 0} == {**theirs, 0x3D: 0}


@pytest.mark.shared
def test_actions_show_the_animations_of_a_real_file(real_replays: Path):
    """Our actions have the animations most frequent in a real file, and no age where they have none there."""
    seen: dict[int, Counter[int]] = {}
    first: dict[int, Counter[float]] = {}
    before: dict[int, int] = {}
    for event in _events(_with_length((real_replays / "Game_20250421T224653.slp").read_bytes())):
        if event[0] != 0x38:
            continue
        action, age = struct.unpack(">H", event[8:10])[0], struct.unpack(">f", event[0x22:0x26])[0]
        seen.setdefault(action, Counter())[struct.unpack(">I", event[0x4D:0x51])[0]] += 1
        if before.get(event[5]) != action:
            first.setdefault(action, Counter())[age] += 1
        before[event[5]] = action
    used = {int(act) for act in Act if act < Act.FIRST_SPECIAL} | DAMAGED
    used |= set(range(Act.NEUTRAL_AIR_LANDING, Act.DOWN_AIR_LANDING + 1))

    assert len(used & set(seen)) > 60
    for action in used & set(seen):
        assert animation_of(action) == seen[action].most_common(1)[0][0], action
        if animation_of(action) == NO_ANIMATION:
            assert first_age(action) == first[action].most_common(1)[0][0] == -1


def _with_length(data: bytes) -> bytes:
    """The file with its raw length filled in, which the game did not get to do."""
    if struct.unpack(">I", data[11:HEAD])[0]:
        return data
    return data[:11] + struct.pack(">I", data.index(b"U\x08metadata") - HEAD) + data[HEAD:]


@pytest.mark.slow
def test_each_version_of_a_frame_is_written_in_the_games_order(one_per_stage: dict[int, Recording]):
    order = {0x3A: 0, 0x37: 1, 0x3F: 2, 0x40: 2, 0x41: 2, 0x38: 3, 0x3B: 4, 0x3C: 5}
    for made in one_per_stage.values():
        place, starts = 5, 0
        for event in _events(made.data):
            if event[0] not in order:
                continue
            rank = order[event[0]]
            assert rank >= place or (rank == 0 and place == 5)
            place = rank
            starts += rank == 0
        assert place == 5
        assert starts == len(made.written)


def test_the_game_start_says_who_plays_where(recording: Recording):
    start = _game_start(recording.data)
    info = start[5:]

    assert start[1:5] == bytes((3, 18, 0, 0))
    assert struct.unpack(">H", info[0xE:0x10]) == (28,)
    assert struct.unpack(">I", info[0x10:0x14]) == (480,)
    assert [info[0x61 + 0x24 * port] for port in range(4)] == [3, 0, 3, 0]
    assert [info[0x60 + 0x24 * port] for port in (1, 3)] == [14, 2]
    assert info[8] == 0
    assert start[0x1A4] == 8
    assert start[0x221 + 10 : 0x221 + 19] == b"REC\x81\x94001\x00"
    assert start[0x221 : 0x221 + 10] == bytes(10)
    assert start[0x2BE:].startswith(b"mode.recorder-")


def test_a_game_at_one_machine_has_no_netplay_names():
    start = _game_start(record_match(3, num_frames=100, rollback_share=0))

    assert start[0x1A4] == 2
    assert not any(start[0x1A5:0x2BD])
    assert not any(start[0x2BE:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "method"),
    [(RecordOptions(1, num_frames=200), 7), (RecordOptions(4, stocks=1), 2)],
)
def test_the_game_end_says_how_it_ended(options: RecordOptions, method: int):
    made = record(options)
    end = _events(made.data)[-1]
    leaders = [one for one in made.played.frames[-1].fighters if not one.is_follower]
    ahead = min(leaders, key=lambda one: (-one.post.stocks, one.post.percent))

    assert end[:2] == bytes((0x39, method))
    assert struct.unpack(">b", end[2:3])[0] == (0 if method == 7 else -1)
    places = struct.unpack(">4b", end[3:7])
    assert sorted(places) == [-1, -1, 0, 1]
    assert places[ahead.port] == 0


def test_a_file_without_end_metadata_and_codes_is_read_all_the_same():
    data = record_match(2, num_frames=300, has_game_end=False, has_metadata=False, has_gecko_list=False)
    commands = Counter(event[0] for event in _events(data))

    assert commands[0x39] == commands[0x10] == 0
    assert data.endswith(b"}")
    assert b"metadata" not in data
    assert read_replay(data).record.num_frames == 300


@pytest.mark.parametrize("cut_bytes", [1, 60, 500, 5000])
def test_a_cut_file_keeps_its_complete_frames(cut_bytes: int):
    whole = record(RecordOptions(2, num_frames=300))
    data = record_match(2, num_frames=300, cut_bytes=cut_bytes)

    assert data[11:HEAD] == bytes(4)
    assert len(data) == len(whole.data) - cut_bytes
    replay = read_replay(data)
    assert replay.record.is_truncated
    assert 250 < replay.record.num_frames <= 300


def test_a_file_cut_to_nothing_is_refused():
    with pytest.raises(ReplayRefused) as refusal:
        read_replay(record_match(2, num_frames=100, cut_bytes=10**9))

    assert refusal.value.reason in (Reason.NOT_SLP, Reason.NO_FRAMES, Reason.UNREADABLE)


def _last_sent(made: Recording, command: int, layout: str) -> dict[int, tuple[int, ...]]:
    """The last values of a stage event at the end of each frame's last version; events in stream order."""
    value: tuple[int, ...] | None = None
    found = {}
    for event in _events(made.data):
        if event[0] == command:
            value = struct.unpack(layout, event[5:])
        elif event[0] == 0x3C and value is not None:
            found[struct.unpack(">i", event[1:5])[0]] = value
    return found


@pytest.mark.slow
def test_wind_and_screen_come_through_rollbacks_in_stream_order():
    for stage, command, layout in ((28, 0x40, ">B"), (3, 0x41, ">HH")):
        made = record(RecordOptions(6, stage, 2400, rollback_share=0.3))
        sent = _last_sent(made, command, layout)
        assert len(sent) > 600
        for frame in made.played.frames:
            true = (frame.wind,) if stage == 28 else frame.transformation
            default = (0,) if stage == 28 else (0, 5)
            assert sent.get(frame.slp_frame, default) == true
