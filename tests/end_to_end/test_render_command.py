"""`farm render` works on a folder as users have it: good replays, and other files that end in .slp."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.command import FarmCommand
from workers.standin.recorder import record_match

STAGE_OFFSET = 0x13  # offset in the game start event, after the command byte: SPEC.md, Game Info Block
GAME_START = 0x36


def with_other_stage(replay: bytes, stage: int) -> bytes:
    """The same replay on another stage, with two bytes of its game start event changed."""
    events = replay.index(b"\x35", 15)  # the stream begins with the payload sizes event
    start = events + 1 + replay[events + 1]
    assert replay[start] == GAME_START
    patched = bytearray(replay)
    patched[start + STAGE_OFFSET : start + STAGE_OFFSET + 2] = stage.to_bytes(2, "big")
    return bytes(patched)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "replays"
    folder.mkdir()
    good = record_match(3, num_frames=60)
    (folder / "good.slp").write_bytes(good)
    (folder / "copy of good.slp").write_bytes(good)
    (folder / "wrong stage.slp").write_bytes(with_other_stage(record_match(4, num_frames=60), 4))
    (folder / "picture.slp").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    (folder / "empty.slp").write_bytes(b"")
    (folder / "cut.slp").write_bytes(record_match(5, num_frames=60)[:1400])
    return folder


@pytest.mark.dolphin
def test_the_good_go_through_and_each_of_the_others_has_its_reason(
    folder: Path, tmp_path: Path, farm_command: FarmCommand
):
    run = farm_command.run(
        "render", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "dataset", "--json"
    )
    assert run.returncode == 1, run.stderr
    games = {Path(game["source"]).name: game for game in json.loads(run.stdout)["games"]}
    good = {name for name, game in games.items() if game["status"] == "committed"}
    assert len(good & {"good.slp", "copy of good.slp"}) == len(good) == 1
    reasons = {name: game["reason"] for name, game in games.items() if name not in good}
    assert reasons == {
        **dict.fromkeys({"good.slp", "copy of good.slp"} - good, "duplicate"),
        "wrong stage.slp": "illegal_stage",
        "picture.slp": "not_slp",
        "empty.slp": "not_slp",
        "cut.slp": "no_frames",
    }
    assert all(game["detail"] for name, game in games.items())


def modification_times(folder: Path) -> dict[Path, int]:
    """When each file was last written; a new file shows, as does one that was written again."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.dolphin
def test_a_second_run_finds_everything_done(folder: Path, tmp_path: Path, farm_command: FarmCommand):
    arguments = (
        "render",
        "--emulator",
        "standin",
        "--replays",
        folder / "good.slp",
        "--out",
        tmp_path / "dataset",
    )
    assert farm_command.run(*arguments).returncode == 0
    files = modification_times(tmp_path / "dataset")
    again = farm_command.run(*arguments)
    assert again.returncode == 0
    assert "Everything was done already" in again.stdout
    assert modification_times(tmp_path / "dataset") == files


@pytest.mark.dolphin
def test_no_name_or_code_reaches_the_dataset(folder: Path, tmp_path: Path, farm_command: FarmCommand):
    assert b"REC#" in (folder / "good.slp").read_bytes(), "the recorder invents connect codes"
    run = farm_command.run(
        "render", "--emulator", "standin", "--replays", folder / "good.slp", "--out", tmp_path / "dataset"
    )
    assert run.returncode == 0
    assert "REC#" not in run.stdout + run.stderr
    for path in (tmp_path / "dataset").rglob("*"):
        assert path.is_dir() or b"REC#" not in path.read_bytes(), path


@pytest.mark.slow
def test_no_dolphin_fails_in_one_line(folder: Path, tmp_path: Path, farm_command: FarmCommand, monkeypatch):
    monkeypatch.setenv("FARM_DOLPHIN", "/no/such/dolphin")
    run = farm_command.run(
        "render", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "dataset"
    )
    assert run.returncode == 2
    assert run.stderr.startswith("farm: ")
    assert run.stderr.count("\n") == 1
    assert "dolphin" in run.stderr
    assert not (tmp_path / "dataset").exists()


@pytest.mark.dolphin
def test_an_output_of_another_schema_fails_and_is_left_alone(
    folder: Path, tmp_path: Path, farm_command: FarmCommand
):
    out = tmp_path / "dataset"
    out.mkdir()
    (out / "dataset.json").write_text('{"format": "dolphin-farm", "schema_version": 999}')
    run = farm_command.run("render", "--emulator", "standin", "--replays", folder, "--out", out)
    assert run.returncode == 2
    assert "999" in run.stderr
    assert run.stderr.count("\n") == 1
    assert [path.name for path in out.iterdir()] == ["dataset.json"]


@pytest.mark.dolphin
def test_a_folder_with_something_else_in_it_fails(folder: Path, tmp_path: Path, farm_command: FarmCommand):
    out = tmp_path / "holiday"
    out.mkdir()
    (out / "photo.jpg").write_bytes(b"x")
    run = farm_command.run("render", "--emulator", "standin", "--replays", folder, "--out", out)
    assert run.returncode == 2
    assert "photo.jpg" in run.stderr


@pytest.mark.slow
def test_replays_that_are_not_there_fail(tmp_path: Path, farm_command: FarmCommand):
    run = farm_command.run(
        "render", "--emulator", "standin", "--replays", tmp_path / "nowhere", "--out", tmp_path / "dataset"
    )
    assert run.returncode == 2
    assert "nowhere" in run.stderr
    assert run.stderr.count("\n") == 1
