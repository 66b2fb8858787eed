"""The manifests say the same as the ledger, however often and in whatever steps they were compiled."""

from __future__ import annotations

import dataclasses
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.errors import NotFinalized, RecordRefused, SchemaRefused
from manifests.ledger import tables as tables_module
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import withdraw, write_entry
from manifests.ledger.plan import number_games
from manifests.ledger.reasons import Reason
from manifests.ledger.tables import MANIFEST_TABLES, TABLES, arrow_schema, describe
from manifests.snapshot import finalize as finalize_module
from manifests.snapshot import rows as rows_module
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.snapshot.rows import SORT_KEYS, rows_of
from manifests.snapshot.snapshot import complete_snapshot_numbers, current_snapshot
from manifests.store.contract import ObjectMissing, Store
from manifests.store.keys import ledger_key, manifest_key, snapshot_key
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path, samples: Any) -> Store:
    store = open_store(tmp_path / "store")
    open_or_create(store, samples.description)
    return store


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut groups of games and of rows so small that a few games cross many of them."""
    monkeypatch.setattr(finalize_module, "GAMES_PER_GROUP", 3)
    monkeypatch.setattr(finalize_module, "ROWS_PER_GROUP", 7)
    monkeypatch.setattr(finalize_module, "SMALL_ROW_GROUPS", {"games": 2, "chunks": 5, "events": 7})


def commit(store: Store, samples: Any, numbers: range | list[int]) -> None:
    games = number_games([samples.to_plan(n, 50 + 37 * n) for n in range(40)], 90, 0)
    wanted = {samples.game_id(n) for n in numbers}
    for game in games:
        if game.game_id in wanted:
            assert write_entry(store, samples.committed(game))


def tables_of(store: Store, number: int) -> dict[str, bytes]:
    return {name: store.get(manifest_key(number, name)) for name in MANIFEST_TABLES}


def test_an_empty_ledger_gives_empty_tables(store: Store):
    done = finalize(store)
    assert done.is_new
    assert done.snapshot.totals.num_committed == 0
    manifest = open_manifest(store)
    assert {name: manifest.table(name).num_rows for name in MANIFEST_TABLES} == dict.fromkeys(
        MANIFEST_TABLES, 0
    )


def test_every_game_is_in_games_or_in_rejects(store: Store, samples: Any):
    commit(store, samples, range(5))
    for n in (20, 21, 22):
        write_entry(store, samples.set_aside(n, Reason.MISALIGNED if n < 22 else Reason.EMULATOR_EXIT))
    done = finalize(store)
    manifest = open_manifest(store)
    assert manifest.games()["game_id"].to_pylist() == sorted(samples.game_id(n) for n in range(5))
    rejects = {row["game_id"]: row for row in manifest.rejects().to_pylist()}
    assert set(rejects) == {samples.game_id(n) for n in (20, 21, 22)}
    assert rejects[samples.game_id(20)]["reason"] == "misaligned"
    assert rejects[samples.game_id(20)]["evidence"][0]["offset_frames"] == 2
    totals = done.snapshot.totals
    assert (totals.num_committed, totals.num_set_aside) == (5, 3)
    assert dict(totals.rejects) == {"emulator_exit": 1, "misaligned": 2}
    assert totals.num_frames == sum(50 + 37 * n for n in range(5))
    assert totals.num_chunks == manifest.chunks().num_rows


def test_a_chunk_row_says_all_of_its_record(store: Store, samples: Any):
    (game,) = number_games([samples.to_plan(1, 200)], 90, 17)
    entry = samples.committed(game)
    write_entry(store, entry)
    finalize(store)
    manifest = open_manifest(store)
    rows = manifest.chunks().to_pylist()
    assert [row["file_number"] for row in rows] == [17, 18, 19]
    last, chunk = rows[2], entry.chunks[2]
    assert (last["slp_frame_start"], last["slp_frame_exclusive_end"], last["num_frames"]) == (57, 77, 20)
    assert (last["video_key"], last["video_sha256"]) == (chunk.video.key, chunk.video.sha256)
    assert last["avcc"] == bytes.fromhex(chunk.avcc)
    assert last["evidence"][1] == {
        "name": "motion", "available": True, "offset_frames": 0, "confidence": 0.875, "margin": 3.5,
        "first_disagreement_slp_frame": None, "detail": "peak at 0",
    }  # fmt: skip
    gops = manifest.gops().to_pylist()
    assert len(gops) == 3 + 3 + 1
    assert [gop["slp_frame_start"] for gop in gops] == [-123, -93, -63, -33, -3, 27, 57]
    assert [(row["kind"], row["file_number"]) for row in manifest.files().to_pylist()] == [
        (kind, number) for number in (17, 18, 19) for kind in ("states", "video")
    ]


@pytest.mark.usefixtures("small_groups")
def test_only_new_entries_are_read(store: Store, samples: Any):
    commit(store, samples, range(10))
    write_entry(store, samples.set_aside(30))
    assert finalize(store).num_read == 11
    commit(store, samples, range(10, 14))
    again = finalize(store)
    assert (again.num_read, again.num_kept) == (5, 10)  # 4 new games, and the one that was set aside


@pytest.mark.usefixtures("small_groups")
def test_nothing_new_makes_no_snapshot(store: Store, samples: Any):
    commit(store, samples, range(10))
    first = finalize(store)
    keys = [info.key for info in store.list()]
    again = finalize(store)
    assert not again.is_new
    assert again.snapshot == first.snapshot
    assert [info.key for info in store.list()] == keys


@pytest.mark.slow
@pytest.mark.usefixtures("small_groups")
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sets(st.integers(0, 39), max_size=8), max_size=3))
def test_compiled_in_steps_or_at_once_the_bytes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, samples: Any, steps: list[set[int]]
):
    store = open_store(tmp_path_factory.mktemp("steps"))
    open_or_create(store, samples.description)
    seen: set[int] = set()
    for step in steps:
        new = step - seen
        commit(store, samples, [n for n in new if n % 5])
        for n in new:
            if n % 5 == 0:
                write_entry(store, samples.set_aside(n))
        seen |= new
        finalize(store)
    in_steps = finalize(store).snapshot
    at_once = finalize(store, from_scratch=True).snapshot
    assert tables_of(store, in_steps.number) == tables_of(store, at_once.number)
    assert in_steps.totals == at_once.totals


@pytest.mark.slow
@pytest.mark.usefixtures("small_groups")
def test_rows_are_in_the_declared_order_and_unique(store: Store, samples: Any):
    commit(store, samples, random.Random(1).sample(range(40), 15))
    finalize(store)
    commit(store, samples, [n for n in range(40) if store.head(ledger_key(samples.game_id(n))) is None])
    finalize(store)
    manifest = open_manifest(store)
    for name in MANIFEST_TABLES:
        keys = [tuple(row.values()) for row in manifest.table(name, SORT_KEYS[name]).to_pylist()]
        assert keys == sorted(set(keys))
        assert name == "rejects" or keys


def test_a_game_tried_again_moves_from_rejects_to_games(store: Store, samples: Any):
    write_entry(store, samples.set_aside(3))
    finalize(store)
    withdraw(store, samples.game_id(3))
    commit(store, samples, [3])
    finalize(store)
    manifest = open_manifest(store)
    assert manifest.rejects().num_rows == 0
    assert manifest.games()["game_id"].to_pylist() == [samples.game_id(3)]


def test_a_withdrawn_game_leaves_the_manifest(store: Store, samples: Any):
    write_entry(store, samples.set_aside(3))
    finalize(store)
    withdraw(store, samples.game_id(3))
    assert finalize(store).snapshot.totals.num_set_aside == 0


def test_an_older_snapshot_stays_readable(store: Store, samples: Any):
    commit(store, samples, range(2))
    finalize(store)
    commit(store, samples, range(2, 4))
    finalize(store)
    assert open_manifest(store, snapshot=0).games().num_rows == 2
    assert open_manifest(store).games().num_rows == 4
    with pytest.raises(ObjectMissing, match="0007"):
        open_manifest(store, snapshot=7)


def test_a_changed_entry_stops_it_and_nothing_is_published(store: Store, samples: Any):
    commit(store, samples, range(3))
    store.put(
        ledger_key(samples.game_id(9)), samples.set_aside(9).to_json().replace(b"offset 2", b"offset 3")
    )
    with pytest.raises(RecordRefused, match=samples.game_id(9)):
        finalize(store)
    assert [info.key for info in store.list("manifest/")] == []


@pytest.mark.parametrize("fact", ["num_rolled_back", "stage_id", "timer_seconds"])
def test_an_entry_with_a_number_too_large_for_its_column_is_named(store: Store, samples: Any, fact: str):
    commit(store, samples, range(3))
    (game,) = number_games([samples.to_plan(9, 60)], 90, 40)
    entry = samples.committed(game)
    huge = dataclasses.replace(entry.game, **{fact: 1 << 62})
    assert write_entry(store, dataclasses.replace(entry, game=huge))
    with pytest.raises(RecordRefused, match=f"{samples.game_id(9)} has a value that no column can hold"):
        finalize(store)
    assert [info.key for info in store.list("manifest/")] == []


def test_a_finalizer_that_died_costs_a_number(store: Store, samples: Any):
    commit(store, samples, range(3))
    store.put(manifest_key(0, "games"), b"half a snapshot")
    done = finalize(store)
    assert done.snapshot.number == 1
    assert complete_snapshot_numbers(store) == [1]
    assert open_manifest(store).games().num_rows == 3


def test_finalizers_at_once_leave_the_newest_complete_snapshot_current(store: Store, samples: Any):
    commit(store, samples, range(6))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: finalize(store, from_scratch=True), range(4)))
    numbers = complete_snapshot_numbers(store)
    assert current_snapshot(store).number == numbers[-1]
    assert len({str(tables_of(store, number)) for number in numbers}) == 1


def test_a_snapshot_of_another_schema_is_not_built_on(store: Store, samples: Any):
    commit(store, samples, range(3))
    finalize(store)
    store.put(
        "manifest/current.json", store.get("manifest/current.json").replace(b'version": 1', b'version": 9')
    )
    with pytest.raises(SchemaRefused, match="schema version 9"):
        open_manifest(store)
    done = finalize(store)
    assert (done.num_kept, done.num_read) == (0, 3)
    assert open_manifest(store).games().num_rows == 3


def test_reading_before_finalizing_says_what_to_do(store: Store):
    with pytest.raises(NotFinalized, match="run `farm finalize"):
        open_manifest(store)


def test_reading_what_is_no_dataset_fails(tmp_path: Path):
    with pytest.raises(SchemaRefused, match="no dataset"):
        open_manifest(tmp_path)


def test_an_unknown_table_fails(store: Store):
    finalize(store)
    with pytest.raises(ValueError, match="no table 'game'; there are games, chunks"):
        open_manifest(store).table("game")


def test_columns_and_batches_can_be_asked_for(store: Store, samples: Any):
    commit(store, samples, range(5))
    finalize(store)
    manifest = open_manifest(store)
    assert manifest.table("games", ["num_frames"]).column_names == ["num_frames"]
    assert sum(batch.num_rows for batch in manifest.batches("gops")) == manifest.gops().num_rows


def test_snapshot_json_and_current_json_hold_the_same(store: Store):
    finalize(store)
    assert store.get("manifest/current.json") == store.get(snapshot_key(0))


def test_every_column_has_a_meaning_and_rows_fit_the_declaration(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    made = rows_of([samples.committed(game), samples.set_aside(2)])
    for name in TABLES:
        schema = arrow_schema(name)
        assert all(field.metadata[b"doc"] for field in schema)
        assert describe(name).count("\n") == len(schema) + 1
        if name in made:
            assert made[name].num_rows
            assert made[name].schema == schema


def test_the_files_carry_their_docs(store: Store):
    finalize(store)
    schema = open_manifest(store).gops().schema
    assert schema.metadata[b"dolphin_farm.table"] == b"gops"
    assert schema.field("byte_offset").metadata[b"doc"] == b"of its first packet in the mp4"


LATER = {"games": ("characters_seen",), "rejects": ("characters_seen",)}
"""Columns that the first versions of snapshots did not have."""


@pytest.fixture
def old_snapshot(store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with a snapshot made before the columns LATER existed."""
    commit(store, samples, range(3))
    write_entry(store, samples.set_aside(30))
    with monkeypatch.context() as before:
        earlier = {
            name: tuple(column for column in columns if column.name not in LATER.get(name, ()))
            for name, columns in TABLES.items()
        }
        before.setattr(tables_module, "TABLES", earlier)
        finalize(store)
    return store


def test_a_snapshot_from_before_a_column_is_read_with_nulls(old_snapshot: Store):
    data = old_snapshot.get(current_snapshot(old_snapshot).tables["games"].object.key)
    assert "characters_seen" not in pq.read_table(pa.BufferReader(data)).column_names
    manifest = open_manifest(old_snapshot)
    assert manifest.games()["characters_seen"].to_pylist() == [None] * 3
    wanted = ["game_id", "characters_seen"]
    assert set(manifest.table("games", wanted).column_names) == set(wanted)
    assert [set(batch.schema.names) for batch in manifest.batches("games", wanted)] == [set(wanted)]
    with pytest.raises(ValueError, match="no_such"):
        manifest.table("games", ["no_such"])
    assert manifest.games().schema.names == arrow_schema("games").names


def test_games_are_added_to_a_snapshot_from_before_a_column(old_snapshot: Store, samples: Any):
    commit(old_snapshot, samples, [7])
    done = finalize(old_snapshot)
    assert (done.num_kept, open_manifest(old_snapshot).games().num_rows) == (3, 4)
    kept = tables_of(old_snapshot, done.snapshot.number)
    again = finalize(old_snapshot, from_scratch=True)
    assert tables_of(old_snapshot, again.snapshot.number) == kept


def test_events_are_rows_in_order_of_frames(store: Store, samples: Any):
    commit(store, samples, [3])
    finalize(store)
    manifest = open_manifest(store)
    rows = [tuple(row.values()) for row in manifest.events().to_pylist()]
    game_id, value = samples.game_id(3), pytest.approx(3.27)
    assert rows == [
        (game_id, -90, "ledge", 1, True, None, None),
        (game_id, -80, "hit", 0, False, 1, value),
        (game_id, -80, "rollback", None, False, None, 7.0),
        (game_id, -75, "hit", 1, False, 0, 12.0),
    ]
    assert manifest.games()["num_events"].to_pylist() == [4]
    numbers = {"ledge": 1, "hit": 2, "rollback": 1}
    assert manifest.games()["event_counts"].to_pylist() == [
        [{"kind": kind, "number": number} for kind, number in sorted(numbers.items())]
    ]


def test_a_game_whose_events_were_not_noted_has_none_in_the_table(store: Store, samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    write_entry(store, dataclasses.replace(samples.committed(game), events=None))
    finalize(store)
    manifest = open_manifest(store)
    assert manifest.events().num_rows == 0
    assert manifest.games()["num_events"].to_pylist() == [None]
    assert manifest.games()["event_counts"].to_pylist() == [None]


def test_row_groups_of_events_hold_whole_games(store: Store, samples: Any, small_groups: None):
    commit(store, samples, range(9))
    finalize(store)
    data = store.get(manifest_key(0, "events"))
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        groups = [
            file.read_row_group(k, columns=["game_id"])["game_id"].to_pylist()
            for k in range(file.num_row_groups)
        ]
    assert [len(group) for group in groups] == [8, 4, 8, 4, 8, 4]  # 4 events a game, 7 rows at least, 3 games
    assert sum(len(set(group)) for group in groups) == 9, "no game is in two"


def test_a_snapshot_from_before_the_numbers_of_events_is_compiled_from_all_entries(
    store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch
):
    commit(store, samples, range(3))
    with monkeypatch.context() as before:
        earlier = tuple(column for column in TABLES["games"] if column.name != "event_counts")
        before.setitem(tables_module.TABLES, "games", earlier)
        finalize(store)
    commit(store, samples, [7])
    done = finalize(store)
    assert (done.num_read, done.num_kept) == (4, 0)
    assert None not in open_manifest(store).games()["event_counts"].to_pylist()


@pytest.fixture
def without_events(store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose snapshot was made by a program that knew no events, although its entries have them."""
    commit(store, samples, range(3))
    earlier = tuple(name for name in MANIFEST_TABLES if name != "events")
    with monkeypatch.context() as before:
        for module in (finalize_module, rows_module):
            before.setattr(module, "MANIFEST_TABLES", earlier)
        finalize(store)
    return store


def test_a_snapshot_from_before_events_is_read_and_says_what_it_lacks(without_events: Store):
    manifest = open_manifest(without_events)
    assert manifest.games().num_rows == 3
    with pytest.raises(ValueError, match="from before it: run farm finalize again"):
        manifest.events()


def test_a_snapshot_from_before_events_is_followed_by_one_with_all_of_them(without_events: Store):
    done = finalize(without_events)
    assert (done.is_new, done.num_read, done.num_kept) == (True, 3, 0)
    assert open_manifest(without_events).events().num_rows == 3 * 4
    assert finalize(without_events).num_kept == 3
