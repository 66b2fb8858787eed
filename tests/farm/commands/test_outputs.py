"""No `farm` command overwrites a file that is not its own output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.cli import farm
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_farm_state_does_not_write_over_the_replay(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(replay := record_match(3, num_frames=130))
    result = CliRunner().invoke(farm, ["state", str(tmp_path / "a.slp"), "--out", str(tmp_path / "a.slp")])
    assert result.exit_code == 2
    assert "something else than Parquet" in result.output
    assert (tmp_path / "a.slp").read_bytes() == replay


@pytest.mark.parametrize(
    ("report", "said"), [("a.slp", "something else than a report"), ("no/r.json", "no folder")]
)
def test_farm_plan_refuses_a_report_before_it_plans(tmp_path: Path, report: str, said: str):
    (tmp_path / "a.slp").write_bytes(replay := record_match(3, num_frames=130))
    words = [
        "plan",
        "--emulator",
        "standin",
        "--replays",
        tmp_path / "a.slp",
        "--out",
        tmp_path / "set",
        "--report",
        tmp_path / report,
    ]
    result = CliRunner().invoke(farm, [str(word) for word in words])
    assert result.exit_code == 2
    assert said in result.output
    assert (tmp_path / "a.slp").read_bytes() == replay
    assert not (tmp_path / "set").exists()
