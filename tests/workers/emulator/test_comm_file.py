"""The comm file, which tells Slippi's Dolphin what to play, has the right contents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.emulator.comm_file import CommFile


@given(
    # Path drops the name ".", which means the folder itself.
    name=st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1).filter(
        lambda name: name != "."
    ),
    end=st.integers(-123, 2**31 - 1),
)
def test_every_value_has_the_type_its_reader_aborts_without(name: str, end: int):
    fields = json.loads(CommFile(Path("/replays") / name, end, "once").to_json())
    assert fields["replay"] == f"/replays/{name}"
    assert fields["endFrame"] == end
    assert fields["startFrame"] == -123
    assert {key: type(value) for key, value in fields.items()} == {
        "mode": str,
        "replay": str,
        "startFrame": int,
        "endFrame": int,
        "commandId": str,
        "isRealTimeMode": bool,
        "shouldResync": bool,
        "rollbackDisplayMethod": str,
        "outputOverlayFiles": bool,
    }


def test_the_replay_is_played_as_the_state_table_has_it():
    fields = json.loads(CommFile(Path("/a.slp"), 5, "once").to_json())
    assert fields["mode"] == "normal"  # mode mirror would skip frames, queue would mix games
    assert fields["rollbackDisplayMethod"] == "off"  # plays each frame once, in its last version


def test_it_is_written_whole(tmp_path: Path):
    target = tmp_path / "comm.json"
    CommFile(Path("/a.slp"), 5, "once").write(target)
    assert json.loads(target.read_text())["endFrame"] == 5
    assert list(tmp_path.iterdir()) == [target]


def test_a_relative_path_fails():
    with pytest.raises(ValueError, match=r"absolute"):
        CommFile(Path("a.slp"), 5, "once")


def test_an_end_before_the_first_frame_fails():
    with pytest.raises(ValueError, match=r"-123 or later, got -124"):
        CommFile(Path("/a.slp"), -124, "once")
