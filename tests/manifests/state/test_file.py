"""A states file gives back the states written to it, in any window, and its bytes are reproducible."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.state.arrow import to_arrow
from manifests.state.file import (
    ROWS_PER_GROUP,
    item_vector_columns,
    read_states,
    states_bytes,
    vector_columns,
    write_states,
)
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("num_players", [1, 2, 3])
@pytest.mark.parametrize("num_frames", [1, ROWS_PER_GROUP, ROWS_PER_GROUP + 1])
@pytest.mark.parametrize("with_items", [True, False])
def test_a_file_holds_its_table(make_state: Any, num_frames: int, num_players: int, with_items: bool):
    table = make_state(num_frames, num_players, seed=num_frames, with_items=with_items)
    assert read_states(states_bytes(table)).sha256 == table.sha256


@pytest.fixture(scope="module")
def long_state(make_state: Any):
    return make_state(3 * ROWS_PER_GROUP - 100, seed=9)


@pytest.fixture(scope="module")
def long_file(long_state: Any) -> bytes:
    return states_bytes(long_state)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data())
def test_any_window_is_that_of_the_table(long_state: Any, long_file: bytes, data: st.DataObject):
    start = data.draw(st.integers(0, long_state.num_frames - 1))
    end = data.draw(st.integers(start + 1, long_state.num_frames))
    assert read_states(long_file, start, end).sha256 == long_state.slice(start, end).sha256


def test_the_bytes_are_a_function_of_the_table(make_state: Any, tmp_path: Path):
    table = make_state(700)
    path = tmp_path / "state.parquet"
    write_states(table, path)
    assert path.read_bytes() == states_bytes(table) == states_bytes(read_states(path))
    assert read_states(io.BytesIO(path.read_bytes())).sha256 == table.sha256


def test_a_follower_of_whom_only_zeros_are_recorded_is_still_there(make_state: Any):
    table = make_state(20)
    names = [name for name in table.names() if name.startswith("p0n.") and not name.endswith(".present")]
    zeros = {name: np.zeros_like(table.values(name)) for name in names}
    masks = {name: np.ones(20, bool) for name in names}
    table = dataclasses.replace(table, columns={**table.columns, **zeros}, masks={**table.masks, **masks})
    assert read_states(states_bytes(table)).sha256 == table.sha256


def test_a_game_without_followers_has_no_vectors_of_them(make_state: Any):
    table = make_state(20)
    names = [name for name in table.names() if name[2:4] == "n."]
    zeros = {name: np.zeros_like(table.values(name)) for name in names}
    masks = {name: np.full(20, name.endswith(".present")) for name in names}
    table = dataclasses.replace(table, columns={**table.columns, **zeros}, masks={**table.masks, **masks})
    file = states_bytes(table)
    assert not any("followers" in name for name in pq.ParquetFile(io.BytesIO(file)).schema_arrow.names)
    assert read_states(file).sha256 == table.sha256


@pytest.mark.parametrize(("start", "end"), [(0, 101), (-1, 5), (5, 5), (100, 101)])
def test_a_window_outside_fails(make_state: Any, start: int, end: int):
    with pytest.raises(ValueError, match="within the 100 rows"):
        read_states(states_bytes(make_state(100)), start, end)


def test_another_parquet_file_fails(make_state: Any):
    buffer = io.BytesIO()
    pq.write_table(to_arrow(make_state(5)).select(["p0.x"]).replace_schema_metadata(None), buffer)
    with pytest.raises(ValueError, match="metadata"):
        read_states(buffer.getvalue())


def test_the_file_names_the_places_of_its_vectors(make_state: Any):
    metadata = pq.ParquetFile(io.BytesIO(states_bytes(make_state(5)))).metadata.metadata
    layout = json.loads(metadata[b"dolphin_farm.vectors"])
    assert layout == {key: list(names) for key, names in (vector_columns(2) | item_vector_columns()).items()}


def test_a_null_is_a_null_in_the_file(make_state: Any):
    table = make_state(50, seed=4)
    rows = pq.ParquetFile(io.BytesIO(states_bytes(table))).read(use_threads=False).to_pylist()
    place = vector_columns(2)["float32"].index("p0.x")
    for row, value, is_valid in zip(rows, table.values("p0.x"), table.valid("p0.x"), strict=True):
        assert row["float32"][place] == (value if is_valid else None)


@pytest.mark.slow
@pytest.mark.shared
def test_a_real_game_is_small(real_replays: Path):
    sizes = []
    for name in (
        "rollbackFrameTest",
        "Whispy",
        "items",
        "incomplete",
        "Game_20250421T224653",
        "sheik_vs_ics_yoshis",
    ):
        table = state_table(read_replay((real_replays / f"{name}.slp").read_bytes()))
        spans = [(start, min(start + 3600, table.num_frames)) for start in range(0, table.num_frames, 3600)]
        sizes.append(sum(len(states_bytes(table.slice(*span))) for span in spans) / table.num_frames)
    assert np.mean(sizes) * 9400 < 0.6e6  # bytes per frame, times the frames of an average game


_FOOTER_READ_BYTES = 1 << 16  # as much as Arrow reads in search of the footer


class _Counting(io.BytesIO):
    num_bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.num_bytes_read += len(data)
        return data


@pytest.mark.slow
def test_a_window_reads_little_beyond_its_own_row_group():
    file = _Counting(states_bytes(state_table(read_replay(record_match(1, num_frames=10 * ROWS_PER_GROUP)))))
    read_states(file, 2 * ROWS_PER_GROUP + 10, 2 * ROWS_PER_GROUP + 70)
    assert file.num_bytes_read < _FOOTER_READ_BYTES + len(file.getvalue()) / 5
