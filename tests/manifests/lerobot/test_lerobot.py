"""A dataset compiled for LeRobot is a LeRobot v3 dataset whose rows are those of the states files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from manifests.errors import RecordRefused
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.lerobot import episodes as episodes_module
from manifests.lerobot.compile import compile_lerobot
from manifests.lerobot.episodes import data_key, episodes_of
from manifests.lerobot.features import ACTION_NAMES, STATE_NAMES
from manifests.lerobot.stats import from_exact, rgb_of, row_moments, to_exact
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.state.views import ACTION, STATE, make_view
from manifests.store.contract import Store
from manifests.store.open import open_store
from tests.manifests.small_dataset import NUM_FRAMES, SmallRenderer, one_state

STOCK_LEROBOT = Path(__file__).with_name("stock_lerobot.py")


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Store:
    shutil.copytree(sound, tmp_path / "copy")
    return open_store(tmp_path / "copy")


def rows_of(store: Store) -> dict[str, Any]:
    """All rows of data/, columns as numpy."""
    files = sorted(info.key for info in store.list("data/"))
    tables = [pq.read_table(f"{store.url}/{key}", use_threads=False) for key in files]
    names = tables[0].column_names
    return {name: np.concatenate([np.array(table[name].to_pylist()) for table in tables]) for name in names}


@pytest.mark.slow
def test_every_chunk_is_an_episode_with_its_video_where_it_is(store: Store):
    before = {info.key: info.modified_at for info in store.list("videos/")}
    compiled = compile_lerobot(open_manifest(store))
    assert (compiled.num_episodes, compiled.num_frames, compiled.num_tasks) == (9, 3 * NUM_FRAMES, 1)
    rows = pq.read_table(f"{store.url}/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    info = json.loads(store.get("meta/info.json"))
    for episode_index, row in enumerate(rows):
        assert row["episode_index"] == episode_index
        assert row["tasks"] == ["FOX vs MARTH on BATTLEFIELD"]
        place = {
            name: row[f"videos/observation.images.game/{name}"] for name in ("chunk_index", "file_index")
        }
        key = info["video_path"].format(video_key="observation.images.game", **place)
        assert store.head(key) is not None
        assert row["videos/observation.images.game/to_timestamp"] == row["length"] / 60
    assert [row["dataset_to_index"] for row in rows[:-1]] == [row["dataset_from_index"] for row in rows[1:]]
    assert info["total_frames"] == rows[-1]["dataset_to_index"] == 600
    assert {info.key: info.modified_at for info in store.list("videos/")} == before


@pytest.mark.slow
def test_rows_are_the_states_and_both_action_timings(store: Store):
    compile_lerobot(open_manifest(store))
    rows, state = rows_of(store), one_state()
    seen, action = make_view(state, STATE), make_view(state, ACTION).values
    for game in range(3):
        part = slice(game * NUM_FRAMES, (game + 1) * NUM_FRAMES)
        assert np.array_equal(rows["slp_frame"][part], state.values("slp_frame"))
        assert np.array_equal(rows["observation.state"][part], seen.values)
        assert np.array_equal(rows["observation.state.valid"][part], seen.valid)
        assert np.array_equal(rows["action.same_frame"][part], action)
        assert np.array_equal(rows["action"][part][:-1], action[1:])  # also across chunks
        assert np.array_equal(rows["action"][part][-1], action[-1])
        assert np.flatnonzero(rows["next.done"][part]).tolist() == [NUM_FRAMES - 1]
    assert np.array_equal(rows["index"], np.arange(600))
    assert rows["frame_index"].tolist() == [*range(90), *range(90), *range(20)] * 3
    assert np.array_equal(rows["timestamp"], (rows["frame_index"] / 60).astype(np.float32))
    assert rows["episode_index"].tolist() == [n for n in range(9) for _ in range((90, 90, 20)[n % 3])]


@pytest.mark.slow
def test_the_features_say_what_the_columns_hold(store: Store):
    compile_lerobot(open_manifest(store))
    features = json.loads(store.get("meta/info.json"))["features"]
    schema = pq.read_schema(f"{store.url}/{data_key(0)}")
    assert set(features) == {*schema.names, "observation.images.game"}
    assert features["observation.state"]["names"] == list(STATE_NAMES)
    assert features["action"] == {
        "dtype": "float32",
        "shape": [len(ACTION_NAMES)],
        "names": list(ACTION_NAMES),
    }
    assert features["observation.images.game"]["shape"] == [480, 640, 3]
    assert features["observation.images.game"]["info"]["video.fps"] == 60


@pytest.mark.slow
def test_statistics_are_those_of_all_rows(store: Store):
    compile_lerobot(open_manifest(store))
    stats, rows = json.loads(store.get("meta/stats.json")), rows_of(store)
    for key in ("observation.state", "action", "timestamp", "next.done"):
        values = rows[key].reshape(600, -1).astype(np.float64)
        assert stats[key]["count"] == [600]
        for name, wanted in [("min", values.min(0)), ("max", values.max(0)), ("mean", values.mean(0))]:
            assert np.allclose(stats[key][name], wanted)
        assert np.allclose(stats[key]["std"], values.std(0))
    picture = stats["observation.images.game"]
    assert np.shape(picture["mean"]) == (3, 1, 1)
    assert 0.4 < picture["mean"][0][0][0] < 0.6  # the pictures are grey


@pytest.mark.slow
def test_compiling_again_writes_no_data(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(episodes_module, "EPISODES_PER_DATA_FILE", 4)
    first = compile_lerobot(open_manifest(store))
    stats = store.get("meta/stats.json")
    again = compile_lerobot(open_manifest(store))
    assert (first.num_files_written, first.num_files_kept) == (3, 0)
    assert (again.num_files_written, again.num_files_kept) == (0, 3)
    assert store.get("meta/stats.json") == stats


@pytest.mark.slow
def test_a_new_game_costs_only_the_files_it_is_in(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(episodes_module, "EPISODES_PER_DATA_FILE", 3)
    compile_lerobot(open_manifest(store))
    last = list(planned_games(store))[3]
    write_entry(store, SmallRenderer(tmp_path / "scratch").render(store, last))
    finalize(store)
    compiled = compile_lerobot(open_manifest(store))
    assert (compiled.num_files_written, compiled.num_files_kept) == (1, 3)
    assert np.array_equal(rows_of(store)["index"], np.arange(4 * NUM_FRAMES))


@pytest.mark.slow
def test_files_of_a_longer_compilation_are_removed(store: Store):
    store.put(data_key(5), b"left over")
    compile_lerobot(open_manifest(store))
    assert [info.key for info in store.list("data/")] == [data_key(0)]


@pytest.mark.slow
def test_splits_are_ranges_of_episodes(tmp_path: Path, samples: Any):
    store = open_store(tmp_path / "store")
    open_or_create(store, samples.description)
    split_of = {0: "test", 1: "train", 2: "val", 3: "train"}
    append_plan(store, [samples.to_plan(n, NUM_FRAMES, split=split) for n, split in split_of.items()], 90)
    renderer = SmallRenderer(tmp_path / "scratch")
    for game in planned_games(store):
        write_entry(store, renderer.render(store, game))
    finalize(store)
    compile_lerobot(open_manifest(store))
    assert json.loads(store.get("meta/info.json"))["splits"] == {"train": "0:6", "val": "6:9", "test": "9:12"}
    episodes = episodes_of(open_manifest(store)).episodes
    assert [episode.split for episode in episodes] == ["train"] * 6 + ["val"] * 3 + ["test"] * 3
    assert [episode.is_last_of_game for episode in episodes] == [False, False, True] * 4


@pytest.mark.slow
def test_states_that_are_not_as_recorded_stop_it(store: Store):
    key = episodes_of(open_manifest(store)).episodes[4].states_key
    store.put(key, store.get(key)[:-1] + b"x")
    with pytest.raises(RecordRefused, match="not the bytes that the manifest names"):
        compile_lerobot(open_manifest(store))
    assert store.head("meta/info.json") is None


def test_a_dataset_without_games_is_refused(tmp_path: Path, samples: Any):
    store = open_store(tmp_path)
    open_or_create(store, samples.description)
    finalize(store)
    with pytest.raises(RecordRefused, match="no game is committed yet"):
        compile_lerobot(open_manifest(store))


def test_moments_add_up_in_any_order():
    values = np.random.default_rng(1).normal(5, 3, (1000, 4))
    parts = [row_moments(part) for part in np.split(values, [1, 10, 500])]
    total = parts[3] + (parts[1] + parts[0]) + parts[2]
    assert np.allclose(total.mean, values.mean(0))
    assert np.allclose(np.sqrt(total.deviations / total.count), values.std(0))
    assert from_exact(json.loads(json.dumps(to_exact(total)))).mean.tolist() == total.mean.tolist()


@pytest.mark.parametrize(
    ("yuv", "rgb"),
    [((16, 128, 128), (0, 0, 0)), ((235, 128, 128), (255, 255, 255)), ((81, 90, 240), (255, 0, 0)),
     ((145, 54, 34), (0, 255, 0)), ((41, 240, 110), (0, 0, 255))],
)  # fmt: skip
def test_colours_are_bt601_limited(yuv: tuple[int, int, int], rgb: tuple[int, int, int]):
    picture = np.concatenate([np.full(16, yuv[0]), np.full(4, yuv[1]), np.full(4, yuv[2])]).astype(np.uint8)
    found = rgb_of(picture.reshape(6, 4))
    assert found.shape == (4, 4, 3)
    assert np.abs(found.astype(int) - rgb).max() <= 2


@pytest.mark.slow
@pytest.mark.skipif(
    "LEROBOT_PYTHON" not in os.environ, reason="$LEROBOT_PYTHON names no interpreter with lerobot"
)
def test_stock_lerobot_reads_every_frame_right(store: Store):
    compile_lerobot(open_manifest(store))
    result = subprocess.run(
        [os.environ["LEROBOT_PYTHON"], str(STOCK_LEROBOT), store.url, "200", "torchcodec"],
        check=False, capture_output=True, text=True, timeout=280, env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    assert json.loads(result.stdout.splitlines()[-1]) == {"frames": 200, "mismatches": 0, "episodes": 9}


def test_actions_of_the_demo_are_not_all_zero():
    """If all actions were zero, the tests above would prove nothing."""
    assert make_view(one_state(), ACTION).values.std(axis=0).max() > 0
