"""`farm inspect`, `farm state`, `farm plan` and `farm sql` print what a person asks for."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from farm.cli import farm
from farm.settings import SettingsRefused
from manifests.ledger.plan import planned_games
from manifests.state.arrow import from_arrow
from manifests.state.file import read_states
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def replay() -> bytes:
    return record_match(3, num_frames=180, rollback_share=0.1)


@pytest.fixture
def folder(tmp_path: Path, replay: bytes) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.slp").write_bytes(replay)
    (tmp_path / "in" / "b.slp").write_bytes(b"no replay")
    return tmp_path / "in"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(farm, [str(argument) for argument in arguments], catch_exceptions=False)


def test_inspect_reports_every_file_as_json(folder: Path, replay: bytes):
    good, bad = (json.loads(line) for line in call("inspect", folder, "--json").stdout.splitlines())
    assert good["refused"] is None
    assert good["state_sha256"] == state_table(read_replay(replay)).sha256
    assert good["num_frames"] == 180
    assert bad["refused"]["reason"] == "not_slp"


def test_inspect_of_a_folder_without_replays_fails(tmp_path: Path):
    result = call("inspect", tmp_path)
    assert result.exit_code == 2
    assert f"no replay in {tmp_path}" in result.stderr


def test_inspect_shows_players_as_hashes(folder: Path, replay: bytes):
    names = {player.identity.display_name for player in read_replay(replay).record.players} - {""}
    codes = {player.identity.connect_code for player in read_replay(replay).record.players} - {""}
    assert names
    for output in (call("inspect", folder).output, call("inspect", folder, "--json").output):
        assert not any(name in output for name in names | codes)


def test_inspect_prints_no_control_characters_of_a_stranger(tmp_path: Path, replay: bytes):
    start = replay.index(b"startAtSU") + len(b"startAtSU")
    length = replay[start]
    hostile = b"\x1b]0;owned\x07\n".ljust(length, b"x")
    (tmp_path / "a\x1b[31m\n.slp").write_bytes(replay[: start + 1] + hostile + replay[start + 1 + length :])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("c\x1b[2J\n.slp", b"{U\x03raw[$U#l" + bytes(300))
        archive.writestr("d\x1b[2J\n.tar", b"no tar")
    output = call("inspect", tmp_path).output
    assert "owned" not in output
    assert "\\x1b" in output
    assert not any(one for one in output if unicodedata.category(one) == "Cc" and one != "\n")


def test_inspect_hashes_as_a_dataset_does(folder: Path, tmp_path: Path):
    def hashes(*more: object) -> list[str]:
        report = json.loads(call("inspect", folder / "a.slp", "--json", *more).stdout)
        return [player["identity"] for player in report["players"]]

    dataset = tmp_path / "set"
    assert hashes() != hashes()
    call("plan", "--emulator", "standin", "--replays", folder, "--out", dataset)
    assert hashes("--dataset", dataset) == hashes("--dataset", dataset)
    (game,) = planned_games(open_store(dataset))
    assert list(game.player_hashes) == hashes("--dataset", dataset)


def test_inspect_makes_no_key_for_a_dataset_that_is_not_there(folder: Path, tmp_path: Path):
    result = CliRunner().invoke(farm, ["inspect", str(folder / "a.slp"), "--dataset", str(tmp_path / "typo")])
    assert "is no dataset" in str(result.exception)


@pytest.mark.parametrize("layout", ["columns", "states"])
def test_state_writes_what_was_read(folder: Path, tmp_path: Path, replay: bytes, layout: str):
    out = tmp_path / "state.parquet"
    result = call("state", folder / "a.slp", "--out", out, "--layout", layout)
    expected = state_table(read_replay(replay))
    assert expected.sha256 in result.output
    written = (
        read_states(out) if layout == "states" else from_arrow(pq.ParquetFile(out).read(use_threads=False))
    )
    assert written.sha256 == expected.sha256


def test_state_of_what_is_no_replay_fails(folder: Path, tmp_path: Path):
    result = call("state", folder / "b.slp", "--out", tmp_path / "x.parquet")
    assert result.exit_code == 1
    assert "not_slp" in result.output
    assert not (tmp_path / "x.parquet").exists()


def test_plan_writes_games_once(folder: Path, tmp_path: Path, replay: bytes):
    out = tmp_path / "set"
    first = json.loads(
        call(
            "plan",
            "--emulator",
            "standin",
            "--replays",
            folder,
            "--out",
            out,
            "--json",
            "--report",
            tmp_path / "r.json",
        ).stdout
    )
    assert (first["games"], first["new"], first["frames"]) == (1, 1, 180)
    assert first["left_out"] == {"not_slp": 1}
    assert json.loads((tmp_path / "r.json").read_text())[0]["reason"] == "not_slp"
    again = json.loads(
        call("plan", "--emulator", "standin", "--replays", folder, "--out", out, "--json").stdout
    )
    assert (again["games"], again["new"]) == (1, 0)
    (game,) = planned_games(open_store(out))
    assert game.game_id == read_replay(replay).game_id


def test_a_dry_run_writes_nothing(folder: Path, tmp_path: Path):
    assert (
        "games that pass"
        in call(
            "plan", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "set", "--dry-run"
        ).output
    )
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--stage", "HYRULE"], "HYRULE"),
        (["--character", "SONIC"], "SONIC"),
        (["--min-version", "new"], "of the form"),
        (["--min-version", "\N{SUPERSCRIPT THREE}.7"], "of the form"),
    ],
)
def test_a_plan_that_cannot_be_meant_fails(folder: Path, tmp_path: Path, wrong: list[str], message: str):
    result = call("plan", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "set", *wrong)
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--hold-out", "PICHU"], "hold out"),
        (["--hold-out", "character=PICHU", "--test", "0.1"], "leave out --test"),
        (["--val", "0.6", "--test", "0.5"], "leave some"),
        (["--val", "1.5"], "a number from 0 to 1"),
        (["--split-by", "evening"], "pairing or player"),
    ],
)
def test_splits_that_cannot_be_meant_are_refused(
    folder: Path, tmp_path: Path, wrong: list[str], message: str
):
    with pytest.raises(SettingsRefused, match=message):
        call("plan", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "set", *wrong)
    assert not (tmp_path / "set").exists()


def test_sql_makes_a_view():
    result = call("sql", "--states", "set/states/*/*.parquet")
    assert result.output.startswith("CREATE OR REPLACE VIEW states")
    assert '"p0.percent"' in result.output


def test_the_page_on_states_is_what_the_schema_says():
    page = (Path(__file__).resolve().parents[3] / "manifests" / "state" / "README.md").read_text()
    assert page.endswith("## Columns\n\n" + call("schema").output), (
        "run `farm schema` and paste it below Columns"
    )


def test_the_schema_as_json_names_every_column_and_view():
    described = json.loads(call("schema", "--json").stdout)
    assert described["columns"]["p0.percent"]["since"] is None
    assert described["items"]["owner"]["source"]["offset"] == 0x2A
    assert described["views"]["action/1"]["values"][:2] == ["p0.main_x", "p0.main_y"]


@pytest.mark.parametrize("name", ["a.7z", "notes.txt", "a.slp", None])
def test_a_plan_of_nothing_fails_and_says_what_was_looked_at(tmp_path: Path, name: str | None):
    (tmp_path / "in").mkdir()
    if name is not None:
        (tmp_path / "in" / name).write_bytes(b"no replay")
    with pytest.raises(EnvironmentFailed, match=f"no replay among {int(name is not None)} files looked at"):
        call(
            "plan", "--emulator", "standin", "--replays", tmp_path / "in", "--out", tmp_path / "set", "--json"
        )
    assert not (tmp_path / "set").exists()


def test_a_plan_counts_what_it_passes_over(folder: Path, tmp_path: Path):
    (folder / "notes.txt").write_text("no replay")
    result = call(
        "plan", "--emulator", "standin", "--replays", folder, "--out", tmp_path / "set", "--json", "--dry-run"
    )
    assert json.loads(result.stdout)["passed_over"] == 1
