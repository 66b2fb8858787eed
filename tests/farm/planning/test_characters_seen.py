"""A game's characters are those that appear in its frames, whatever its start event says."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.planning.catalogue import Catalogue, Selection, build_catalogue
from farm.planning.splits import SplitRule
from manifests.ledger.reasons import Reason
from manifests.ledger.records import CharacterSeen
from tests.conftest import SHARED
from workers.replay import Entity, read_replay
from workers.replay.facts import characters_seen
from workers.replay.renderable import renderable
from workers.standin.recorder import record_match

KEY = b"k" * 32
ZELDA, SHEIK = 19, 7  # internal ids
ZELDAS_START = 18  # the external id


def transformed(first: int, *changes: tuple[int, int]) -> bytes:
    """A game of 60 frames whose first player chose Zelda, is `first`, then each character from a frame on."""
    data = bytearray(record_match(3, num_frames=60))
    data[data.index(b"\x36\x03\x12") + 0x65] = ZELDAS_START
    posts = read_replay(bytes(data)).frames.post[Entity(0, is_follower=False)]
    for since, character in ((0, first), *changes):
        for post in posts[since:]:
            data[post + 7] = character
    return bytes(data)


def catalogue_of(folder: Path, data: bytes, selection: Selection, *held_out: str) -> Catalogue:
    (folder / "a.slp").write_bytes(data)
    rule = SplitRule.chosen(hold_out=held_out, val=0.0) if held_out else None
    return build_catalogue([str(folder)], selection, KEY, splits=rule, num_workers=0)


@pytest.mark.parametrize(
    ("data", "held_out", "split"),
    [
        (transformed(ZELDA, (50, SHEIK)), "SHEIK", "test"),
        (transformed(ZELDA, (50, SHEIK)), "ZELDA", "test"),
        (transformed(ZELDA, (20, SHEIK), (40, ZELDA)), "SHEIK", "test"),
        (transformed(SHEIK), "SHEIK", "test"),
        (transformed(SHEIK), "ZELDA", "train"),
        (transformed(ZELDA), "SHEIK", "train"),
        (transformed(ZELDA), "YOSHI", "test"),
    ],
)
def test_every_game_in_whose_frames_a_character_appears_is_held_out(
    tmp_path: Path, data: bytes, held_out: str, split: str
):
    (game,) = catalogue_of(tmp_path, data, Selection(), f"character={held_out}").games
    assert game.split == split


def test_the_characters_of_a_plan_are_the_only_ones_in_the_frames(tmp_path: Path):
    data = transformed(ZELDA, (59, SHEIK))
    narrow, wide = frozenset({"ZELDA", "YOSHI"}), frozenset({"ZELDA", "YOSHI", "SHEIK"})
    (left,) = catalogue_of(tmp_path, data, Selection(characters=narrow)).left_out
    assert (left.reason, left.detail) == (Reason.FILTERED, "SHEIK plays, want only YOSHI, ZELDA")
    assert len(catalogue_of(tmp_path, data, Selection(characters=wide)).games) == 1


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (transformed(ZELDA, (50, SHEIK)), [("SHEIK", 10), ("ZELDA", 50)]),
        (transformed(ZELDA, (20, SHEIK), (40, ZELDA)), [("SHEIK", 20), ("ZELDA", 40)]),
        (transformed(SHEIK), [("SHEIK", 60)]),
    ],
)
def test_each_player_has_the_characters_seen_with_their_frames(data: bytes, seen: list[tuple[str, int]]):
    found = characters_seen(renderable(read_replay(data)))
    assert found == (*(CharacterSeen(0, *one) for one in seen), CharacterSeen(1, "YOSHI", 60))


@pytest.mark.shared
def test_zelda_who_becomes_sheik_is_held_out_with_sheik(tmp_path: Path):
    data = (SHARED / "cases" / "zelda_becomes_sheik.slp").read_bytes()
    (game,) = catalogue_of(tmp_path, data, Selection(), "character=SHEIK").games
    assert game.split == "test"
    seen = {one.character_name: one.num_frames for one in characters_seen(renderable(read_replay(data)))}
    assert (seen["SHEIK"], seen["ZELDA"]) == (117, 23)  # counted in the bytes of its post-frame events
