"""Replays that lie behind others in an archive are unpacked once for a run, within bounds, then removed."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.planning.catalogue import Catalogue
from farm.run_outcome import PlannedWork
from farm.unpacking import unpacked
from manifests.ledger.plan import PlannedGame, planned_games
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from tests.workers.replay.test_archives import pack
from workers.job import RenderTask
from workers.replay.source import read_source
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = Samples()
REPLAYS = {f"{n}.slp": b"{U\x03raw[$U#l" + bytes([n]) * 4000 for n in range(6)}


def task(locator: str, data: bytes, *, is_found: bool = True) -> RenderTask:
    """A game to render with the location of its replay, as this run found it or as the plan has it."""
    plain = dataclasses.replace(SAMPLES.to_plan(1), game_id=hashlib.sha256(data).hexdigest(), source=locator)
    fields = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    game = PlannedGame(**fields, num_chunks=1, first_file_number=0)
    return RenderTask(game, place=locator if is_found else "")


def work_of(*tasks: RenderTask) -> PlannedWork:
    return PlannedWork(tasks, 0, (), {one.game.game_id: one.game.source for one in tasks})


@pytest.fixture(params=[".tar.gz", ".7z", ".zip"])
def work(tmp_path: Path, request: pytest.FixtureRequest) -> PlannedWork:
    """Replays of an archive; those of a .zip lie in an archive within it."""
    path = tmp_path / f"a{request.param}"
    if request.param == ".zip":
        path.write_bytes(pack(".zip", {"in.tar": pack(".tar", REPLAYS)}))
        names = {name: f"{path}!in.tar!{name}" for name in REPLAYS}
    else:
        path.write_bytes(pack(request.param, REPLAYS))
        names = {name: f"{path}!{name}" for name in REPLAYS}
    return work_of(*(task(names[name], data, is_found=name < "3") for name, data in REPLAYS.items()))


def places(work: PlannedWork) -> list[str]:
    return [one.place or one.game.source for one in work.tasks]


def test_the_replays_are_beside_each_other_while_the_run_goes_on_and_gone_afterwards(
    work: PlannedWork, tmp_path: Path
):
    with unpacked(work, tmp_path / "scratch") as ready:
        assert [read_source(place) for place in places(ready)] == list(REPLAYS.values())
        assert all("!" not in place for place in places(ready))
        assert [one.game for one in ready.tasks] == [one.game for one in work.tasks]
    assert list((tmp_path / "scratch").rglob("*.slp*")) == []


def test_what_does_not_fit_is_read_from_where_it_is(work: PlannedWork, tmp_path: Path):
    with unpacked(work, tmp_path / "scratch") as whole:
        (largest, *_) = sorted(
            (tmp_path / "scratch").rglob("*.slp.zst"), key=lambda path: -path.stat().st_size
        )
        room = 2 * largest.stat().st_size
        assert len(whole.tasks) == len(REPLAYS)
    with unpacked(work, tmp_path / "scratch", most_bytes=room) as ready:
        moved = [place for place in places(ready) if "!" not in place]
        assert 1 <= len(moved) < len(REPLAYS)
        assert [read_source(place) for place in places(ready)] == list(REPLAYS.values())


def test_an_archive_that_breaks_off_gives_what_it_has(tmp_path: Path):
    path = tmp_path / "a.tar.gz"
    data = pack(
        ".tar.gz", {name: data + random.Random(name).randbytes(3000) for name, data in REPLAYS.items()}
    )
    path.write_bytes(data[: len(data) // 2])
    work = work_of(*(task(f"{path}!{name}", data) for name, data in REPLAYS.items()))
    with unpacked(work, tmp_path / "scratch") as ready:
        moved = ["!" not in place for place in places(ready)]
        assert moved == sorted(moved, reverse=True)
        assert any(moved)
        assert not all(moved)


@pytest.mark.parametrize("kind", [".zip", ".tar"])
def test_replays_that_can_be_read_at_once_stay(tmp_path: Path, kind: str):
    path = tmp_path / f"a{kind}"
    path.write_bytes(pack(kind, REPLAYS))
    work = work_of(*(task(f"{path}!{name}", data) for name, data in REPLAYS.items()))
    with unpacked(work, tmp_path / "scratch") as ready:
        assert ready is work
    assert not (tmp_path / "scratch").exists()


def test_a_single_replay_is_not_worth_it(tmp_path: Path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(pack(".tar.gz", REPLAYS))
    work = work_of(task(f"{path}!0.slp", REPLAYS["0.slp"]))
    with unpacked(work, tmp_path / "scratch") as ready:
        assert ready is work


@pytest.mark.slow
def test_a_run_of_states_unpacks_its_archive_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FARM_CANARY", "no")
    path, scratch = tmp_path / "games.tar.xz", tmp_path / "scratch"
    path.write_bytes(pack(".tar.xz", {f"{n}.slp": record_match(n, num_frames=130) for n in (1, 2, 3)}))
    words = ["states", "--replays", path, "--out", tmp_path / "set", "--scratch", scratch, "--workers", "1"]
    result = CliRunner().invoke(farm, [*map(str, words), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert list((scratch / "unpacked").iterdir()) == []
    games = list(planned_games(open_store(tmp_path / "set")))
    assert [game.source.partition("!")[0] for game in games] == [str(path)] * 3


def test_a_plan_says_what_reading_from_the_beginning_costs():
    games = tuple(
        dataclasses.replace(SAMPLES.to_plan(1), game_id=f"{n:064x}", source=f"a.tar.gz!{n}.slp")
        for n in range(1000)
    )
    found = Catalogue(games, (), places={game.game_id: game.source for game in games}).warnings
    assert any("1,000 games lie in archives" in line and "104 min" in line for line in found)
    beside = {game.game_id: f"{game.game_id}.slp" for game in games}
    assert Catalogue(games, (), places=beside).warnings == ()
