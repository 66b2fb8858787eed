"""The figures on which `farm plan --estimate` relies, and the tables that it prints."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from farm.planning.estimate import Prices
from farm.planning.known_paces import SLIPPI_STANDIN_PACE, STANDIN_PACE
from farm.planning.saved_paces import VARIABLE
from farm.settings import RunSettings
from farm.terminal.estimate_table import estimate_options, estimates, print_estimate
from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.store.keys import ledger_key
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import NUM_FRAMES, build

if TYPE_CHECKING:
    from pathlib import Path

    from farm.planning.measured_pace import MeasuredPace
    from manifests.ledger.plan import GameToPlan

OPTIONS = {
    "measured": None, "cores_per_slot": 2.0,
    "core_hour": 1.0, "gigabyte_month": 0.5, "thousand_puts": 0.25, "thousand_gets": 0.125,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_paces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "paces.json"))


def games(*lengths: int) -> list[GameToPlan]:
    return [Samples().to_plan(1000 + number, length) for number, length in enumerate(lengths)]


def settings(out: Path | str, emulator: str = "standin") -> RunSettings:
    return RunSettings(
        replays=(), out=str(out), emulator=emulator, slots=4,
        game_image=None if emulator == "standin" else "standin",
    )  # fmt: skip


def found(
    out: Path, lengths: tuple[int, ...] = (3600, 7201), emulator: str = "standin", **changes: Any
) -> dict[str, Any]:
    return estimates(games(*lengths), settings(out, emulator), OPTIONS | changes)


def timed(root: Path, scratch: Path) -> str:
    """The URL of a dataset whose ledger says that each game took 10 s."""
    store = build(root, scratch)
    for entry in list(read_entries(store, done_game_ids(store))):
        if entry.status is Status.COMMITTED:
            run = dataclasses.replace(entry.run, timings={"wall_seconds": 10.0})
            store.put(ledger_key(entry.game_id), dataclasses.replace(entry, run=run).to_json())
    return store.url


def test_the_work_is_that_of_the_games_in_chunks(tmp_path: Path):
    assert found(tmp_path / "out")["work"] == {"games": 2, "frames": 10_801, "chunks": 4}


def test_nothing_is_written(tmp_path: Path):
    found(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_prices_are_those_that_were_given(tmp_path: Path):
    told = found(tmp_path / "out")["prices"]
    assert {name: told[name] for name in dataclasses.asdict(Prices())} == {
        "core_hour": 1.0, "gigabyte_month": 0.5, "thousand_puts": 0.25, "thousand_gets": 0.125,
    }  # fmt: skip


@pytest.mark.parametrize(("emulator", "pace"), [("standin", STANDIN_PACE), ("slippi", SLIPPI_STANDIN_PACE)])
def test_without_a_dataset_the_emulator_decides(tmp_path: Path, emulator: str, pace: MeasuredPace):
    assert found(tmp_path / "out", emulator=emulator)["measured"]["origin"] == pace.describe()


@pytest.mark.slow
def test_a_dataset_that_has_begun_is_what_it_goes_by(tmp_path: Path):
    url = timed(tmp_path / "set", tmp_path / "scratch")
    told = found(tmp_path / "set")
    assert told["measured"]["origin"].startswith(f"3 games of {url}, rendered by ")
    assert told["measured"]["frames_per_second"]["usual"] == pytest.approx(NUM_FRAMES / 10)


@pytest.mark.slow
def test_another_dataset_named_for_it_goes_before_ones_own(tmp_path: Path):
    build(tmp_path / "own", tmp_path / "scratch-own")
    url = timed(tmp_path / "other", tmp_path / "scratch")
    assert found(tmp_path / "own", measured=url)["measured"]["origin"].startswith(
        f"3 games of {url}, rendered by "
    )


@pytest.mark.slow
def test_games_that_are_done_are_not_reckoned_again(tmp_path: Path):
    store = build(tmp_path / "set", tmp_path / "scratch")
    done = set(done_game_ids(store))
    some = [Samples().to_plan(number, NUM_FRAMES) for number in range(4)]
    told = estimates(some, settings(store.url), OPTIONS)
    assert told["done_before"] == len(done) == 4
    assert told["work"]["games"] == 1


@pytest.mark.slow
def test_a_plan_of_which_nothing_is_left_fails(tmp_path: Path):
    store = build(tmp_path / "set", tmp_path / "scratch")
    with pytest.raises(ValueError, match="nothing to estimate: 0 games"):
        estimates([Samples().to_plan(0, NUM_FRAMES)], settings(store.url), OPTIONS)


def test_a_dataset_that_cannot_measure_fails_with_what_to_do(tmp_path: Path):
    open_store(tmp_path / "empty")
    with pytest.raises(ValueError, match="no rendered game to measure by; render a few of its games first"):
        found(tmp_path / "out", measured=str(tmp_path / "empty"))


def test_what_is_told_is_json_and_prints_as_two_tables(tmp_path: Path):
    told = json.loads(json.dumps(found(tmp_path / "out")))
    stream = io.StringIO()
    print_estimate(told, Console(file=stream, width=100))
    text = stream.getvalue()
    for words in (
        "2 games, 10,801 frames",
        "hours on 4 slots",
        "10 puts",
        "4 gets",
        "days on 6 emulators",
        "expected at first",
        "On that machine",
    ):
        assert words in text
    assert f"Measured: {STANDIN_PACE.describe()}." in text


def test_the_least_time_and_the_most_are_told_on_either_side(tmp_path: Path):
    hours = found(tmp_path / "out")["this_plan"]["hours"]
    assert hours["least"] < hours["usual"] < hours["most"]
    assert hours["usual"] == pytest.approx(10_801 / STANDIN_PACE.frames_per_second / 3600 / 4)


def test_every_option_has_a_default_that_is_told():
    @click.command()
    @estimate_options
    def command(**options: Any) -> None:
        click.echo(json.dumps(options))

    defaults = json.loads(CliRunner().invoke(command, []).stdout)
    assert defaults.keys() == OPTIONS.keys() | {"estimate"}
    assert {name: defaults[name] for name in dataclasses.asdict(Prices())} == dataclasses.asdict(Prices())
    assert (defaults["estimate"], defaults["measured"]) == (False, None)


@pytest.mark.parametrize("wrong", [("--core-hour", "-1"), ("--cores-per-slot", "0")])
def test_an_option_out_of_range_fails(wrong: tuple[str, str]):
    command = click.command()(estimate_options(lambda **_options: None))
    assert CliRunner().invoke(command, wrong).exit_code == 2
