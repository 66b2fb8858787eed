"""Every replay is in the catalogue or left out with a reason, in whatever order files are read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from farm.planning.catalogue import Selection, build_catalogue
from farm.planning.splits import SplitRule
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed
from workers.replay import melee_names, read_replay
from workers.standin.recorder import record_match

KEY = b"k" * 32
LENGTHS = (130, 150, 170)


@pytest.fixture(scope="session")
def recorded() -> list[bytes]:
    return [record_match(seed, num_frames=frames) for seed, frames in enumerate(LENGTHS, start=1)]


@pytest.fixture
def folder(tmp_path: Path, recorded: list[bytes]) -> Path:
    """Replays in a folder, a .zip and a .tar.gz, one of them twice, and three files that are no replays."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.slp").write_bytes(recorded[0])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x/b.slp.gz", gzip.compress(recorded[1]))
        archive.writestr("notes.txt", "no replay")
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        for name, data in (
            ("c.slp", recorded[2]),
            ("again.slp", recorded[0]),
            ("png.slp", b"\x89PNG\r\n\x1a\n"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (tmp_path / "empty.slp").write_bytes(b"")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    (tmp_path / "ignored.txt").write_text("not looked at")
    return tmp_path


def test_every_replay_is_in_or_left_out(folder: Path, recorded: list[bytes]):
    catalogue = build_catalogue([str(folder)], Selection(), KEY, num_workers=0)
    assert [game.game_id for game in catalogue.games] == sorted(
        read_replay(data).game_id for data in recorded
    )
    assert sorted(game.num_frames for game in catalogue.games) == list(LENGTHS)
    left_out = {
        Path(left.source.removeprefix(str(folder) + "/")).name: left.reason for left in catalogue.left_out
    }
    assert left_out == {
        "a.slp": Reason.DUPLICATE,  # of equal files the first by name is kept, here the one in c.tar.gz
        "c.tar.gz!png.slp": Reason.NOT_SLP,
        "empty.slp": Reason.NOT_SLP,
        "broken.zip": Reason.UNREADABLE,
    }


def test_progress_counts_every_replay_once(folder: Path):
    seen: list[tuple[int, int]] = []
    build_catalogue(
        [str(folder)], Selection(), KEY, num_workers=0, on_progress=lambda *counts: seen.append(counts)
    )
    assert [looked_at for looked_at, _ in seen] == list(range(1, 8))
    assert seen[-1] == (7, 4)


def test_the_order_of_sources_does_not_matter(folder: Path):
    sources = [str(folder / name) for name in ("sub", "b.zip", "c.tar.gz")]
    forth = build_catalogue(sources, Selection(), KEY, num_workers=0)
    back = build_catalogue(sources[::-1], Selection(), KEY, num_workers=0)
    assert forth == back


@pytest.mark.slow
def test_processes_find_what_one_finds(tmp_path: Path, recorded: list[bytes]):
    for k in range(60):
        (tmp_path / f"{k:02}.slp").write_bytes(recorded[k % 3] + bytes([k]))
    alone = build_catalogue([str(tmp_path)], Selection(), KEY, num_workers=0)
    together = build_catalogue([str(tmp_path)], Selection(), KEY, num_workers=2)
    assert alone == together
    assert (len(alone.games), len(alone.left_out)) == (3, 57)


def test_the_first_games_are_taken_whatever_else_is_there(folder: Path):
    everything = build_catalogue([str(folder)], Selection(), KEY, num_workers=0)
    two = build_catalogue([str(folder)], Selection(max_games=2), KEY, num_workers=0)
    assert two.games == everything.games[:2]
    assert two.num_beyond == 1


def test_games_that_are_not_wanted_are_left_out_with_what_was_wanted(folder: Path):
    catalogue = build_catalogue([str(folder / "sub")], Selection(min_frames=5000), KEY, num_workers=0)
    assert [(left.reason, left.detail) for left in catalogue.left_out] == [
        (Reason.FILTERED, "130 frames, want 5000 or more")
    ]


@pytest.mark.parametrize("pattern", ["sub/*.slp", "**/a.slp", "s*"])
def test_a_glob_is_a_source(folder: Path, pattern: str):
    assert len(build_catalogue([str(folder / pattern)], Selection(), KEY, num_workers=0).games) == 1


@pytest.mark.parametrize("source", ["nowhere", "nowhere/*.slp"])
def test_a_source_that_is_not_there_fails(folder: Path, source: str):
    with pytest.raises(EnvironmentFailed, match=r"no such file|nothing matches"):
        build_catalogue([str(folder / source)], Selection(), KEY, num_workers=0)


def test_no_name_gets_into_the_catalogue(tmp_path: Path, recorded: list[bytes]):
    data = bytearray(recorded[0])
    start = data.index(b"\x36\x03\x12")
    data[start + 0x1A5 : start + 0x1A5 + 9] = b"SecretTag"
    data[start + 0x249 : start + 0x249 + 9] = b"SecretUid"
    (tmp_path / "a.slp").write_bytes(data)
    assert read_replay(bytes(data)).record.players[0].identity.key.startswith("SecretUid")
    catalogue = build_catalogue([str(tmp_path)], Selection(), KEY, num_workers=0)
    assert len(catalogue.games) == 1
    assert "Secret" not in repr(catalogue)


def test_the_splits_are_those_of_the_rule(folder: Path):
    rule = SplitRule(val=0.5, test=0.49)
    splits = {
        game.split
        for game in build_catalogue([str(folder)], Selection(), KEY, splits=rule, num_workers=0).games
    }
    assert splits <= {"train", "val", "test"}
    held_out = SplitRule.chosen(
        hold_out=[f"stage={melee_names.stage_name(n)}" for n in melee_names.LEGAL_STAGES]
    )
    games = build_catalogue([str(folder)], Selection(), KEY, splits=held_out, num_workers=0).games
    assert {game.split for game in games} == {"test"}
