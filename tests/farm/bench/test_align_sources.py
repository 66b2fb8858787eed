"""The alignment bench renders the user's own replays first, then recorded games of two lengths."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from rich.console import Console

from farm.bench import align
from farm.bench.align import Source
from farm.cli import farm
from workers.errors import ReplayRefused
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(align, "_SHORT_FRAMES", 130)
    monkeypatch.setattr(align, "_LONG_FRAMES", 150)


def sources(replays: Path | None, recorded: int) -> tuple[list[Source], str]:
    told = io.StringIO()
    return align._sources(replays, recorded, Console(file=told, width=200)), told.getvalue()


def test_every_fifth_recorded_game_is_long_enough_for_two_chunks():
    found, _ = sources(None, 6)
    assert [one.state().num_frames for one in found] == [150, 130, 130, 130, 130, 150]
    assert [one.name for one in found] == [f"recorded-{1000 + number}" for number in range(6)]


def test_games_of_ones_own_come_first_in_order_of_names(tmp_path: Path):
    for name, seed in (("b", 1), ("a", 2)):
        (tmp_path / f"{name}.slp").write_bytes(record_match(seed, num_frames=140))
    found, _ = sources(tmp_path, 1)
    assert [one.name for one in found] == ["a", "b", "recorded-1000"]


def test_a_file_that_cannot_be_rendered_is_left_out_with_why(tmp_path: Path):
    (tmp_path / "broken.slp").write_bytes(b"no replay")
    found, told = sources(tmp_path, 0)
    assert found == []
    assert told.startswith("broken.slp: left out, ")


def test_what_is_no_replay_has_no_state():
    with pytest.raises(ReplayRefused):
        Source("a", b"no replay").state()


@pytest.mark.parametrize("wrong", [("--recorded", "-1"), ("--places", "0"), ("--replays", "/no/such/folder")])
def test_what_cannot_be_meant_fails(wrong: tuple[str, str]):
    assert CliRunner().invoke(farm, ["bench", "align", *wrong]).exit_code == 2
