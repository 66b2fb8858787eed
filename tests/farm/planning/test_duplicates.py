"""One recording of a game is planned if all recordings of it agree, and none if they do not."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import struct
from typing import TYPE_CHECKING

import pytest

from farm.planning.catalogue import Selection, build_catalogue
from farm.planning.duplicates import drop_duplicates
from farm.planning.scanned_replay import ScannedReplay
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed
from workers.replay import Entity, read_replay
from workers.replay.play import Difference
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from farm.planning.catalogue import Catalogue

KEY = b"k" * 32
SCANNED = ScannedReplay(
    "b.slp", "b.slp", "b" * 64, 500, "BATTLEFIELD", ("FOX", "FOX"), (None, None), None, "play-b", "0" * 32
)
DIFFERENCE = Difference(7, "p0.x", "1.0", "2.0")


def seen(source: str, **changes: object) -> ScannedReplay:
    base = dataclasses.replace(
        SCANNED, place=source, source=source, game_id=source[0] * 64, play_key=f"play-{source}"
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def never(first: str, second: str) -> Difference | None:
    pytest.fail(f"{first} and {second} were read though their hashes are the same")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"game_id": "b" * 64}, "these bytes"),
        ({"match_key": "m"}, "this online game"),
        ({"play_key": "p"}, "its beginning"),
    ],
)
def test_of_one_game_the_longest_recording_is_kept(changes: dict[str, str], what: str):
    shorter, longer = seen("a", **changes), seen("c", **{"num_frames": 501, **changes})
    for order in ([shorter, longer], [longer, shorter]):
        kept, duplicates = drop_duplicates(order, never)
        assert kept == [longer]
        assert [(left.source, left.reason) for left in duplicates] == [("a", Reason.DUPLICATE)]
        assert what in duplicates[0].detail


def test_games_without_a_match_are_not_each_others_duplicates():
    kept, duplicates = drop_duplicates([seen("a"), seen("c")], never)
    assert [one.source for one in kept] == ["a", "c"]
    assert not duplicates


def test_recordings_are_of_one_game_by_way_of_a_third():
    chain = [seen("a", match_key="m"), seen("c", match_key="m", play_key="p"), seen("d", play_key="p")]
    kept, duplicates = drop_duplicates(chain, never)
    assert [one.source for one in kept] == ["a"]
    assert {left.source for left in duplicates} == {"c", "d"}


def test_recordings_that_agree_though_their_hashes_differ_are_duplicates():
    pair = [seen("a", play_key="p", play_sha256="1"), seen("c", play_key="p", play_sha256="2")]
    kept, duplicates = drop_duplicates(pair, lambda _first, _second: None)
    assert [one.source for one in kept] == ["a"]
    assert [left.reason for left in duplicates] == [Reason.DUPLICATE]


def test_each_hash_is_read_once_however_many_recordings_have_it():
    read: list[tuple[str, str]] = []

    def compare(first: str, second: str) -> Difference:
        read.append((first, second))
        return DIFFERENCE

    group = [seen(name, play_key="p", play_sha256="odd" if name == "c" else "same") for name in "abcdef"]
    kept, left_out = drop_duplicates([*group, seen("z")], compare)
    assert read == [("a", "c")]
    assert [one.source for one in kept] == ["z"]
    assert {left.source: left.reason for left in left_out} == dict.fromkeys("abcdef", Reason.DESYNC)


def test_what_disagrees_is_told_with_frame_column_and_files():
    pair = [seen("a", play_key="p", play_sha256="1"), seen("c", play_key="p", play_sha256="2")]
    _, left_out = drop_duplicates(pair, lambda _first, _second: DIFFERENCE)
    assert {left.detail for left in left_out} == {
        "recordings of one game disagree from frame 7 on, first in p0.x: 1.0 in a, 2.0 in c"
    }


def test_a_recording_that_went_away_meanwhile_stops_the_plan(tmp_path: Path):
    gone = [seen(str(tmp_path / name), play_key="p", play_sha256=name) for name in "ac"]
    with pytest.raises(EnvironmentFailed):
        drop_duplicates(gone)


def damaged(replay: bytes, rng: random.Random) -> bytes:
    """The recording with one player's percent changed in one frame, far from its beginning."""
    offsets = read_replay(replay).frames.post[Entity(rng.randrange(2), is_follower=False)]
    place = int(offsets[rng.randrange(200, len(offsets))]) + 0x16
    return replay[:place] + struct.pack(">f", 400.0 + rng.random()) + replay[place + 4 :]


def plan(folder: Path) -> Catalogue:
    return build_catalogue([str(folder)], Selection(), KEY, num_workers=0)


@pytest.mark.parametrize("seed", range(20))
def test_whichever_of_three_recordings_is_corrupt_none_is_planned(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    shares = [0.0, 0.05, 0.2]
    rng.shuffle(shares)
    recordings = [record_match(seed, num_frames=260, rollback_share=share) for share in shares]
    odd = rng.randrange(3)
    recordings[odd] = damaged(recordings[odd], rng)
    for name, data in zip("abc", recordings, strict=True):
        (tmp_path / f"{name}.slp").write_bytes(data)
    catalogue = plan(tmp_path)
    assert catalogue.games == ()
    ids = {hashlib.sha256(data).hexdigest() for data in recordings}
    assert {left.game_id for left in catalogue.left_out} == ids
    assert {left.reason for left in catalogue.left_out} == {Reason.DESYNC}
    (detail,) = {left.detail for left in catalogue.left_out}
    assert all(f"{name}.slp" in detail for name in "abc")
    assert "percent" in detail


def test_three_whole_recordings_give_one_game(tmp_path: Path):
    for name, share in zip("abc", (0.0, 0.05, 0.2), strict=True):
        (tmp_path / f"{name}.slp").write_bytes(record_match(3, num_frames=260, rollback_share=share))
    catalogue = plan(tmp_path)
    assert len(catalogue.games) == 1
    assert [left.reason for left in catalogue.left_out] == [Reason.DUPLICATE] * 2


def test_a_path_that_names_a_player_is_in_no_detail(tmp_path: Path):
    whole = record_match(3, num_frames=260)
    (tmp_path / "ABCD#123.slp").write_bytes(whole)
    (tmp_path / "b.slp").write_bytes(damaged(whole, random.Random(0)))
    catalogue = plan(tmp_path)
    assert {left.reason for left in catalogue.left_out} == {Reason.DESYNC}
    assert "ABCD" not in repr(catalogue.left_out)
