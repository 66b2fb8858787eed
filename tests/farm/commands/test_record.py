from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.commands.record import command
from workers.errors import EnvironmentFailed
from workers.replay import read_replay
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path


def test_it_records_as_many_games_as_asked_on_stages_in_turn(tmp_path: Path):
    run = CliRunner().invoke(
        command, ["--games", "3", "--seed", "4", "--seconds", "2", "--out", str(tmp_path / "new")]
    )

    assert run.exit_code == 0, run.output
    files = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in files] == ["recorded-4.slp", "recorded-5.slp", "recorded-6.slp"]
    records = [read_replay(path.read_bytes()).record for path in files]
    assert {record.num_frames for record in records} == {123 + 120}
    assert len({record.stage_id for record in records}) == 3
    assert all(path.name in run.output for path in files)


def test_it_records_what_the_library_records(tmp_path: Path):
    wanted = ["--games", "1", "--seed", "9", "--seconds", "1", "--stage", "battlefield", "--rollback", "0.2"]
    run = CliRunner().invoke(command, [*wanted, "--out", str(tmp_path)])

    assert run.exit_code == 0, run.output
    made = (tmp_path / "recorded-9.slp").read_bytes()
    assert made == record_match(9, stage=31, num_frames=183, rollback_share=0.2)


def test_it_fails_in_one_line_where_it_cannot_write(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    run = CliRunner().invoke(
        command, ["--seconds", "1", "--games", "1", "--out", str(tmp_path / "file" / "below")]
    )

    assert isinstance(run.exception, EnvironmentFailed)
    assert "choose another --out" in str(run.exception)


@pytest.mark.parametrize(
    "wrong", [["--games", "0"], ["--stage", "hyrule"], ["--rollback", "2"], ["--seconds", "481"]]
)
def test_it_fails_on_an_option_out_of_range(tmp_path: Path, wrong: list[str]):
    run = CliRunner().invoke(command, [*wrong, "--out", str(tmp_path)])

    assert run.exit_code == 2
    assert "Invalid value" in run.output
