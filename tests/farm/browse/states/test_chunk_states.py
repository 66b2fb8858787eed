"""The browser reads a states file; for a damaged one it blames the dataset in one line."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from farm.browse.states.chunk_states import chunk_states, parsed_states
from manifests.errors import RecordRefused
from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

KEY = "states/chunk-000/file-000.parquet"


def test_a_chunks_states_are_its_frames(sound_store: Store, committed: LedgerEntry):
    for chunk in committed.chunks:
        state = chunk_states(sound_store, chunk)
        assert (state.first_slp_frame, state.num_frames) == (chunk.slp_frame_start, chunk.num_frames)


def test_some_rows_are_those_rows(sound_store: Store, committed: LedgerEntry):
    chunk = committed.chunks[1]
    rows = parsed_states(KEY, sound_store.get(chunk.states.key), 5, 8)
    assert rows.values("slp_frame").tolist() == [chunk.slp_frame_start + k for k in (5, 6, 7)]


@pytest.mark.parametrize("data", [b"", b"no parquet", b"PAR1" * 10])
def test_what_is_no_states_file_is_refused_by_its_name(data: bytes):
    with pytest.raises(RecordRefused, match=rf"{KEY} is no states file that can be read: .*farm audit"):
        parsed_states(KEY, data)


def test_a_torn_states_file_is_refused(sound_store: Store, committed: LedgerEntry):
    data = sound_store.get(committed.chunks[0].states.key)
    with pytest.raises(RecordRefused):
        parsed_states(KEY, data[: len(data) // 2])


def test_the_parquet_of_something_else_is_refused(sound_store: Store):
    import io  # noqa: PLC0415 - here alone

    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    other = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), other)
    with pytest.raises(RecordRefused):
        parsed_states(KEY, other.getvalue())


def test_rows_that_the_file_has_not_are_refused(sound_store: Store, committed: LedgerEntry):
    with pytest.raises(RecordRefused, match="not a range within the 90 rows"):
        parsed_states(KEY, sound_store.get(committed.chunks[0].states.key), 90, 91)


def test_a_file_that_is_not_there_is_the_stores_own_error(sound_store: Store, committed: LedgerEntry):
    chunk = dataclasses.replace(committed.chunks[0])
    gone = SimpleNamespace(states=SimpleNamespace(key=chunk.states.key.replace("file-", "file-9")))
    with pytest.raises(ObjectMissing):
        chunk_states(sound_store, gone)  # type: ignore[arg-type]
