"""Statistics of columns count only recorded values, by split, the same however the games are divided."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from farm.cli import farm
from manifests.errors import NotFinalized, RecordRefused
from manifests.snapshot.finalize import finalize
from manifests.snapshot.moments import MaskedMoments, game_moments, statistics_columns
from manifests.snapshot.reader import open_manifest
from manifests.snapshot.statistics import SCHEMA, read_statistics, write_statistics
from manifests.store.open import open_store
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES, one_state

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store


VALUES = st.floats(-1e4, 1e4, width=32)


@pytest.fixture
def store(tmp_path: Path, sound: Path) -> Store:
    return open_store(shutil.copytree(sound, tmp_path / "dataset"))


@pytest.mark.slow
@given(parts=st.lists(st.lists(st.tuples(VALUES, st.booleans()), min_size=1, max_size=20), max_size=5))
def test_parts_add_up_to_the_whole(parts: list[list[tuple[float, bool]]]):
    def moments(rows: list[tuple[float, bool]]) -> MaskedMoments:
        return MaskedMoments.of(
            [(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], bool))]
        )

    total = MaskedMoments.none(1)
    for part in parts:
        total = total + moments(part)
    values = np.array([value for part in parts for value, is_valid in part if is_valid])
    assert (total.num_frames, total.count[0]) == (sum(map(len, parts)), values.size)
    if values.size:
        assert total.mean[0] == pytest.approx(values.mean(), abs=1e-6)
        assert total.deviations[0] / values.size == pytest.approx(values.var(), rel=1e-6, abs=1e-6)
        assert (total.low[0], total.high[0]) == (values.min(), values.max())


def test_statistics_are_of_recorded_values_of_quantities_and_flags(store: Store):
    rows = write_statistics(open_manifest(store))
    of_train = {row["column"]: row for row in rows.to_pylist() if row["split"] == "train"}
    assert tuple(of_train) == statistics_columns()
    assert not {"p0.action", "p0.buttons", "p0.flags1", "slp_frame", "p0.d_action_class"} & set(of_train)
    state, percent = one_state(), of_train["p0.percent"]
    values = state.values("p0.percent")[state.valid("p0.percent")]
    assert (percent["num_values"], percent["num_frames"]) == (NUM_GAMES * values.size, NUM_GAMES * NUM_FRAMES)
    assert percent["mean"] == pytest.approx(values.mean())
    assert percent["deviation"] == pytest.approx(values.std())
    assert (percent["low"], percent["high"]) == (values.min(), values.max())


def test_a_column_that_no_game_recorded_has_no_mean(store: Store):
    rows = {row["column"]: row for row in write_statistics(open_manifest(store)).to_pylist()}
    never = [name for name in statistics_columns() if not one_state().columns.get(name, np.ones(1)).any()]
    unrecorded = next(name for name in ("fod_left", "d_randall_x") if name in never)
    assert rows[unrecorded]["num_values"] == 0
    assert rows[unrecorded]["mean"] is rows[unrecorded]["deviation"] is rows[unrecorded]["low"] is None


def test_columns_that_depend_on_earlier_frames_are_those_of_whole_games(store: Store):
    rows = {row["column"]: row for row in write_statistics(open_manifest(store)).to_pylist()}
    place = statistics_columns().index("p0.d_frames_in_action")
    whole = game_moments(one_state())
    assert rows["p0.d_frames_in_action"]["num_values"] == NUM_GAMES * whole.count[place]
    assert rows["p0.d_frames_in_action"]["high"] == whole.high[place]


def test_they_are_computed_once_and_belong_to_their_snapshot(store: Store):
    manifest, games = open_manifest(store), []
    with pytest.raises(NotFinalized, match="run farm finalize --statistics"):
        read_statistics(manifest)
    first = write_statistics(manifest, games.append)
    again = write_statistics(manifest, games.append)
    assert games == list(range(1, NUM_GAMES + 1))
    assert read_statistics(manifest).equals(first)
    assert again.equals(first)
    assert first.schema.equals(SCHEMA)
    assert not finalize(store).is_new


def test_a_states_file_that_is_another_is_refused(store: Store):
    manifest = open_manifest(store)
    key = manifest.chunks()["states_key"][0].as_py()
    store.put(key, store.get(manifest.chunks()["states_key"][1].as_py()))
    with pytest.raises(RecordRefused, match="not the bytes that the manifest names"):
        write_statistics(manifest)


def test_the_command_writes_them(store: Store):
    result = CliRunner().invoke(
        farm, ["finalize", store.url.removeprefix("file://"), "--no-lerobot", "--no-card", "--statistics"]
    )
    assert result.exit_code == 0, result.output
    assert set(read_statistics(open_manifest(store))["split"].to_pylist()) == {"all", "train"}
