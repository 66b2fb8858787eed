"""The record of a game has its facts, None for what is not known, and never the players' names."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from workers.replay import read_replay


def test_the_record_says_what_the_start_says(slp: Any):
    record = read_replay(
        slp().start(stage=3, players={1: 2, 3: 20}).frame(-123, ports=(1, 3)).end().data()
    ).record
    assert record.slippi_version == "3.18.0"
    assert (record.stage_id, record.stage_name) == (3, "POKEMON_STADIUM")
    assert [(p.port, p.character_name, p.is_human, p.placement) for p in record.players] == [
        (1, "FOX", True, 1),
        (3, "FALCO", True, None),
    ]
    assert (record.timer_seconds, record.is_teams, record.scene_major) == (480, False, 8)
    assert (record.end_method, record.lras_port, record.played_on) == (2, None, "dolphin")


def test_what_a_version_does_not_record_is_none(slp: Any):
    record = read_replay(slp(GAME_START=0x141, GAME_END=0x2).start().frame(-123).end().data()).record
    assert record.is_pal is None
    assert record.scene_major is None
    assert record.match_id is None
    assert record.match_key is None
    assert record.lras_port is None
    assert record.players[0].placement is None


def test_a_game_without_an_end_has_no_end_method(slp: Any):
    record = read_replay(slp().start().frame(-123).data()).record
    assert record.end_method is None
    assert not record.is_truncated


def test_a_match_has_a_key_of_its_own(slp: Any):
    start = {"id": (0x2BE, "20s", b"mode.ranked-2024"), "game": (0x2F1, ">I", 2), "tie": (0x2F5, ">I", 1)}
    record = read_replay(slp().start(**start).frame(-123).end().data()).record
    assert record.match_key == "mode.ranked-2024/2/1"


NAMES = {
    "name": (0x1A5, "12s", b"SecretPlayer"),
    "code": (0x221, "9s", b"SCRT\x81\x94123"),
    "uid": (0x249, "8s", b"uid-4711"),
}


def test_a_player_is_known_by_the_best_of_what_there_is(slp: Any):
    def key(**start: Any) -> str:
        return read_replay(slp().start(**start).frame(-123).end().data()).record.players[0].identity.key

    assert key(**NAMES) == "uid-4711"
    assert key(name=NAMES["name"], code=NAMES["code"]) == "SCRT\uff03123"
    assert key(name=NAMES["name"]) == "SecretPlayer"
    assert key() == ""


def test_no_name_shows_in_a_replay(slp: Any):
    replay = read_replay(slp().start(**NAMES).frame(-123).end().data())
    for shown in (
        repr(replay),
        repr(replay.record),
        str(replay.record.players[0]),
        repr(replay.record.players[0].identity),
    ):
        for name in ("Secret", "SCRT", "4711"):
            assert name not in shown
    assert dataclasses.asdict(replay.record)["players"][0]["identity"]["uid"] == "uid-4711"  # it was there


@pytest.mark.parametrize(("length", "is_truncated"), [(None, False), (0, True), (2**20, True)])
def test_a_file_whose_length_is_not_true_is_truncated(slp: Any, length: int | None, is_truncated: bool):
    assert read_replay(slp().start().frame(-123).end().data(length)).record.is_truncated is is_truncated


def test_metadata_after_a_stream_of_unknown_length_is_no_damage(slp: Any):
    assert read_replay(slp().start().frame(-123).data(0)).record.damage is None
    without = slp().start().frame(-123)
    without.metadata = b""
    assert read_replay(without.data(0)).record.damage is None


def test_an_unknown_byte_is_damage(slp: Any):
    one = slp().start().frame(-123)
    one.events.append(b"\xee" * 40)
    record = read_replay(one.data()).record
    assert "0xee" in record.damage
    assert record.is_truncated
