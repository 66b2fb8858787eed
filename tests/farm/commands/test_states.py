"""`farm states` makes a dataset without pictures that is as complete and readable as a rendered one."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm import states_run
from farm.cli import farm
from manifests.labels.events import game_events
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import read_entries
from manifests.ledger.plan import pending_games
from manifests.snapshot.reader import open_manifest
from manifests.state.file import read_states
from manifests.store.open import open_store
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from workers.errors import EnvironmentFailed
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

pytestmark = pytest.mark.slow

NUM_FRAMES = 200
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replays")
    for seed in SEEDS:
        (folder / f"{seed}.slp").write_bytes(record_match(seed, num_frames=NUM_FRAMES))
    return folder


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def made(replays: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset made by the command; called again, the command says that nothing is left to do."""
    out = tmp_path_factory.mktemp("made") / "states"
    words = ["states", "--replays", replays, "--out", out, "--workers", 1, "--frames-per-chunk", 90]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(config))
        for more, said in (
            (["--json"], '"num_new": 3'),
            ([], "Everything was done already: 3 games committed"),
        ):
            result = CliRunner().invoke(farm, [*map(str, words), *more], catch_exceptions=False)
            assert result.exit_code == 0
            assert said in result.stdout
    return out


@pytest.fixture
def states(made: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the dataset, which a test may change."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    return shutil.copytree(made, tmp_path / "states")


def test_it_holds_the_states_of_every_replay_and_no_video(states: Path, replays: Path):
    store = open_store(states)
    assert read_description(store).video is None
    tables = {}
    for seed in SEEDS:
        replay = read_replay((replays / f"{seed}.slp").read_bytes())
        tables[replay.game_id] = state_table(replay)
    for entry in read_entries(store, sorted(tables)):
        assert entry.state_sha256 == tables[entry.game_id].sha256
        assert entry.events == game_events(tables[entry.game_id])
        for chunk in entry.chunks:
            assert chunk.video is None
            rows = read_states(store.get(chunk.states.key))
            first = chunk.slp_frame_start - tables[entry.game_id].first_slp_frame
            wanted = tables[entry.game_id].slice(first, first + chunk.num_frames)
            assert rows.sha256 == wanted.sha256
    assert not (states / "videos").exists()
    assert open_manifest(store).gops().num_rows == 0
    num_events = sum(open_manifest(store).games()["num_events"].to_pylist())
    assert open_manifest(store).events().num_rows == num_events > 0


def test_the_loader_reads_it_and_says_what_it_has_not(states: Path, tmp_path: Path):
    options = {"cache": Cache(tmp_path / "cache"), "as_torch": False}
    dataset = open_dataset(states, window=WindowSpec(16), fields=["state", "action"], **options)
    assert len(dataset) == 3 * (2 * (90 - 15) + 20 - 15)
    assert sum(len(batch["game"]) for batch in dataset.stream(batch_size=5)) == len(dataset)
    with pytest.raises(ValueError, match="states alone, which has no pictures; read fields without 'video'"):
        open_dataset(states, **options)


@pytest.mark.parametrize("depth", ["listing", "decode"])
def test_its_audit_holds_and_finds_a_changed_file(call: Call, states: Path, depth: str):
    assert call("audit", states, "--depth", depth).exit_code == 0
    file = next((states / "states").rglob("*.parquet"))
    file.write_bytes(file.read_bytes() + b"x")
    assert call("audit", states, "--depth", depth).exit_code == 1


@pytest.mark.parametrize("words", [("status",), ("finalize",), ("gc",), ("games",)])
def test_other_commands_take_it(call: Call, states: Path, words: tuple[str, ...]):
    assert call(words[0], states, *words[1:]).exit_code == 0


def test_a_plan_of_games_to_render_is_refused(call: Call, states: Path, replays: Path, config: Path):
    with pytest.raises(Exception, match="holds states alone, and this run makes states and pictures"):
        call("plan", "--replays", replays, "--out", states, "--frames-per-chunk", 90, "--emulator", "standin")


def run_states(call: Call, replays: Path, out: Path) -> Any:
    return call(
        "states", "--replays", replays, "--out", out, "--workers", 1, "--frames-per-chunk", 90, "--json"
    )


@pytest.fixture
def own_replays(replays: Path, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    return shutil.copytree(replays, tmp_path / "own")


def planned_only(replays: Path, out: Path, call: Call) -> None:
    """A dataset whose plan has the games and whose ledger has none, as if the run had ended before them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states_run, "do_work", stopped)
        with pytest.raises(EnvironmentFailed, match="stopped here"):
            run_states(call, replays, out)
    assert len(list(pending_games(open_store(out)))) == len(SEEDS)


def stopped(*_: Any, **__: Any) -> None:
    message = "stopped here"
    raise EnvironmentFailed(message)


def test_replays_that_moved_after_they_were_planned_are_found_where_they_are_now(
    call: Call, own_replays: Path, tmp_path: Path
):
    out = tmp_path / "set"
    planned_only(own_replays, out, call)
    moved = own_replays.rename(tmp_path / "moved")
    result = run_states(call, moved, out)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["num_new"] == len(SEEDS)


def test_replays_that_go_after_the_plan_cost_their_own_games_and_come_back(
    call: Call, own_replays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The replays exist when the run lists them, and are gone when it comes to read them."""
    out = tmp_path / "set"
    planned_only(own_replays, out, call)
    aside = tmp_path / "aside"
    aside.mkdir()
    do_work = states_run.do_work

    def after_two_have_gone(*arguments: Any, **named: Any) -> Any:
        for seed in SEEDS[:2]:
            (own_replays / f"{seed}.slp").rename(aside / f"{seed}.slp")
        return do_work(*arguments, **named)

    monkeypatch.setattr(states_run, "do_work", after_two_have_gone)
    result = run_states(call, own_replays, out)
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)["games"]
    assert sorted(game["reason"] or "" for game in told) == ["", "source_missing", "source_missing"]
    monkeypatch.setattr(states_run, "do_work", do_work)
    for path in aside.iterdir():
        path.rename(own_replays / path.name)
    result = run_states(call, own_replays, out)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["num_new"] == 2
