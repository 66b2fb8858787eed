"""`farm parity` says if two recordings agree, where they first differ, or that they are of two matches."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest

from workers.errors import EnvironmentFailed
from workers.replay import Entity, read_replay
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Both players' recordings of one match."""
    paths = tmp_path / "mine.slp", tmp_path / "theirs.slp"
    for path, share in zip(paths, (0.05, 0.2), strict=True):
        path.write_bytes(record_match(3, num_frames=200, rollback_share=share))
    return paths


def damage(path: Path, row: int) -> None:
    data = bytearray(path.read_bytes())
    place = int(read_replay(bytes(data)).frames.post[Entity(1, is_follower=False)][row]) + 0xA
    data[place : place + 4] = struct.pack(">f", 31.5)
    path.write_bytes(data)


def test_two_whole_recordings_are_the_same(pair: tuple[Path, Path], call: Call):
    result = call("parity", *pair)
    assert result.exit_code == 0
    assert result.output.startswith("the same: 200 confirmed frames")


def test_a_changed_byte_is_named_by_frame_and_column(pair: tuple[Path, Path], call: Call):
    damage(pair[1], 150)
    result = call("parity", *pair)
    assert result.exit_code == 1
    assert "slp_frame 27 on, first in p1.x: " in result.output
    assert "31.5 in " in result.output


def test_the_answer_as_json(pair: tuple[Path, Path], call: Call):
    same = json.loads(call("parity", *pair, "--json").stdout)
    assert (same["same"], same["frames_compared"], same["first_difference"]) == (True, 200, None)
    damage(pair[0], 199)
    found = json.loads(call("parity", *pair, "--json").stdout)
    assert found["first_difference"]["slp_frame"] == 76
    assert found["first_difference"]["column"] == "p1.x"
    assert found["first_difference"]["values"][0] == "31.5"


def test_two_matches_are_refused_with_what_tells_them_apart(pair: tuple[Path, Path], call: Call):
    pair[1].write_bytes(record_match(4, num_frames=200))
    with pytest.raises(EnvironmentFailed, match="not of one match"):
        call("parity", *pair)


def test_what_is_no_replay_is_refused(pair: tuple[Path, Path], call: Call):
    pair[0].write_bytes(b"no replay")
    with pytest.raises(EnvironmentFailed, match="not_slp"):
        call("parity", *pair)


def test_a_recording_that_ends_earlier_is_named_with_both_lengths(pair: tuple[Path, Path], call: Call):
    data = pair[1].read_bytes()
    pair[1].write_bytes(data[: len(data) // 2])
    result = call("parity", *pair)
    assert result.exit_code == 0
    assert f"{pair[0]} has 200 and {pair[1]} has " in result.output
    assert f": {pair[1]} ends " in result.output


def test_a_file_that_is_not_there_is_told_without_talk_of_a_plan(pair: tuple[Path, Path], call: Call):
    with pytest.raises(EnvironmentFailed, match="No such file") as caught:
        call("parity", pair[0], "nonexist.slp")
    assert "plan anew" not in str(caught.value)


def test_an_archive_alone_is_refused_with_how_to_name_a_replay_in_it(pair: tuple[Path, Path], call: Call):
    with pytest.raises(EnvironmentFailed, match=r"x.zip is an archive; .* ARCHIVE!NAME"):
        call("parity", pair[0], "x.zip")
