"""The plan gives every chunk a number of its own, which never changes."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import RecordRefused
from manifests.ledger import plan, plan_file
from manifests.ledger.entry import write_entry
from manifests.ledger.plan_file import plan_bytes
from manifests.store.contract import Data, Store, StoreFailed
from manifests.store.keys import claim_prefix
from manifests.store.local import LocalStore
from manifests.store.open import open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_chunks_hold_all_frames_and_only_the_last_may_be_short(num_frames: int, frames_per_chunk: int):
    num_chunks = plan.num_chunks_of(num_frames, frames_per_chunk)
    assert (num_chunks - 1) * frames_per_chunk < num_frames <= num_chunks * frames_per_chunk


@pytest.mark.parametrize(("num_frames", "frames_per_chunk"), [(0, 90), (90, 0), (-1, 90)])
def test_no_frames_make_no_chunks(num_frames: int, frames_per_chunk: int):
    with pytest.raises(ValueError, match="above 0"):
        plan.num_chunks_of(num_frames, frames_per_chunk)


@given(lengths=st.lists(st.integers(1, 2000), max_size=30), first=st.integers(0, 10**6), seed=st.randoms())
def test_file_numbers_are_dense_in_order_of_game_id_however_the_games_came(
    samples: Any, lengths: list[int], first: int, seed: random.Random
):
    games = [samples.to_plan(n, length) for n, length in enumerate(lengths)]
    numbered = plan.number_games(games, 90, first)
    seed.shuffle(games)
    assert plan.number_games(games, 90, first) == numbered
    assert [game.game_id for game in numbered] == sorted(game.game_id for game in games)
    numbers = [number for game in numbered for number in game.file_numbers]
    assert numbers == list(range(first, first + len(numbers)))


def test_a_game_twice_is_refused(samples: Any):
    with pytest.raises(ValueError, match=r"twice: replays/1\.slp and other\.slp"):
        plan.number_games([samples.to_plan(1), samples.to_plan(1, source="other.slp")], 90, 0)


def test_a_plan_comes_back_as_it_was_written(store: Store, samples: Any):
    written = plan.append_plan(store, [samples.to_plan(n, 100 + n) for n in range(20)], 90)
    assert tuple(plan.planned_games(store)) == written


def test_the_same_games_give_the_same_bytes(tmp_path: Path, samples: Any):
    games = [samples.to_plan(n, 100 + n) for n in range(20)]
    one, other = open_store(tmp_path / "one"), open_store(tmp_path / "other")
    plan.append_plan(one, games, 90)
    plan.append_plan(other, reversed(games), 90)
    assert one.get("plan/0000.parquet") == other.get("plan/0000.parquet")


def test_later_games_get_the_next_plan_file_and_the_next_numbers(store: Store, samples: Any):
    first = plan.append_plan(store, [samples.to_plan(n) for n in range(5)], 90)
    before = store.get("plan/0000.parquet")
    second = plan.append_plan(store, [samples.to_plan(n) for n in range(8)], 90)
    assert [game.game_id for game in second] == sorted(samples.game_id(n) for n in range(5, 8))
    assert second[0].first_file_number == first[-1].file_numbers.stop
    assert store.get("plan/0000.parquet") == before
    assert plan.plan_numbers(store) == [0, 1]
    assert {game.game_id for game in plan.planned_games(store)} == {samples.game_id(n) for n in range(8)}


def test_planning_nothing_new_writes_nothing(store: Store, samples: Any):
    plan.append_plan(store, [samples.to_plan(1)], 90)
    assert plan.append_plan(store, [samples.to_plan(1)], 90) == ()
    assert plan.append_plan(store, [], 90) == ()
    assert plan.plan_numbers(store) == [0]


def test_planning_nothing_new_needs_no_claim(tmp_path: Path, samples: Any):
    """A planner that died does not keep others from finding out that there is nothing to plan."""
    store = PlannedMeanwhile(tmp_path)
    plan.append_plan(store, [samples.to_plan(1)], 90)
    store.put(f"{claim_prefix('plan')}{'0' * 32}.json", b"{}")
    assert plan.append_plan(store, [samples.to_plan(1)], 90) == ()
    with pytest.raises(StoreFailed, match="another process is at work on the plan"):
        plan.append_plan(store, [samples.to_plan(2)], 90)


def test_planners_at_once_never_give_a_number_twice(store: Store, samples: Any):
    barrier = threading.Barrier(6)

    def append(n: int) -> None:
        barrier.wait(timeout=240)
        plan.append_plan(store, [samples.to_plan(10 * n + k) for k in range(3)] + [samples.to_plan(999)], 90)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    games = list(plan.planned_games(store))
    assert len(games) == len({game.game_id for game in games}) == 19
    numbers = sorted(number for game in games for number in game.file_numbers)
    assert numbers == list(range(len(numbers)))


class PlannedMeanwhile(LocalStore):
    """A fake server without conditional writes, on which another planner plans before a claim is seen."""

    others: tuple[Any, ...] = ()

    @property
    def has_conditional_writes(self) -> bool:
        return False

    def put(self, key: str, data: Data) -> None:
        super().put(key, data)
        others, self.others = self.others, ()
        if others:
            plan.append_plan(LocalStore(Path(self.url)), others, 90)


def test_what_was_planned_before_a_claim_was_made_is_seen(tmp_path: Path, samples: Any):
    store = PlannedMeanwhile(tmp_path)
    store.others = (samples.to_plan(1), samples.to_plan(2))
    (game,) = plan.append_plan(store, [samples.to_plan(2), samples.to_plan(3)], 90)
    assert game.game_id == samples.game_id(3)
    numbers = [number for each in plan.planned_games(store) for number in each.file_numbers]
    assert len(numbers) == len(set(numbers)) == 9


def test_a_row_that_is_no_planned_game_is_refused_though_the_sum_fits(store: Store, samples: Any):
    (game,) = plan.number_games([samples.to_plan(1)], 90, 0)
    row = SimpleNamespace(**{**dataclasses.asdict(game), "num_chunks": 0})
    store.put("plan/0000.parquet", plan_bytes([row], 90, 3))
    with pytest.raises(RecordRefused, match=r"1 chunk or more.*put a good copy back"):
        list(plan.planned_games(store))


def test_a_plan_cut_otherwise_is_refused(store: Store, samples: Any):
    plan.append_plan(store, [samples.to_plan(1)], 90)
    with pytest.raises(RecordRefused, match="planned with 90 frames per chunk, not 120"):
        plan.append_plan(store, [samples.to_plan(2)], 120)


def test_a_plan_that_is_no_parquet_is_refused(store: Store):
    store.put("plan/0000.parquet", b"PAR1 but not really PAR1")
    with pytest.raises(RecordRefused, match=r"plan/0000\.parquet"):
        list(plan.planned_games(store))


def test_a_parquet_that_is_no_plan_is_refused(store: Store, tmp_path: Path):
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(pa.table({"x": [1]}), tmp_path / "stranger")
    store.put("plan/0000.parquet", tmp_path / "stranger")
    with pytest.raises(RecordRefused, match="schema version none"):
        list(plan.planned_games(store))


@given(planned=st.sets(st.integers(0, 40)), done=st.sets(st.integers(0, 40)))
def test_what_is_left_is_plan_minus_ledger(samples: Any, planned: set[int], done: set[int]):
    games = plan.number_games([samples.to_plan(n) for n in planned], 90, 0)
    ids = sorted(samples.game_id(n) for n in done)
    left = {game.game_id for game in plan.without_done(games, ids)}
    assert left == {samples.game_id(n) for n in planned - done}


def test_pending_games_are_read_from_the_store(store: Store, samples: Any):
    plan.append_plan(store, [samples.to_plan(n) for n in range(4)], 90)
    plan.append_plan(store, [samples.to_plan(n) for n in range(4, 8)], 90)
    for n in (1, 5, 77):
        write_entry(store, samples.set_aside(n))
    pending = [game.game_id for game in plan.pending_games(store)]
    assert pending == sorted(samples.game_id(n) for n in (0, 2, 3, 4, 6, 7))


def test_a_planned_game_needs_frames_and_a_split(samples: Any):
    for change in ({"num_frames": 0}, {"split": ""}, {"game_id": "x"}):
        with pytest.raises(ValueError, match="got"):
            dataclasses.replace(samples.to_plan(1), **change)
    (planned,) = plan.number_games([samples.to_plan(1)], 90, 0)
    for change in ({"num_chunks": 0}, {"first_file_number": -1}):
        with pytest.raises(ValueError, match="got"):
            dataclasses.replace(planned, **change)


@pytest.mark.slow
def test_a_plan_in_which_any_bit_flipped_is_refused(store: Store, samples: Any):
    plan.append_plan(store, [samples.to_plan(n) for n in range(4)], 90)
    good = store.get("plan/0000.parquet")
    assert len(list(plan.planned_games(store))) == 4
    for bit in random.Random(3).sample(range(8 * len(good)), 400):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        store.put("plan/0000.parquet", bytes(data))
        with pytest.raises(RecordRefused, match=r"plan/0000\.parquet"):
            list(plan.planned_games(store))


def test_the_sum_of_a_plan_is_that_of_its_bytes_with_zeros_in_place_of_the_sum(store: Store, samples: Any):
    import pyarrow.parquet as pq  # noqa: PLC0415

    plan.append_plan(store, [samples.to_plan(n) for n in range(4)], 90)
    data = store.get("plan/0000.parquet")
    found = pq.read_metadata(io.BytesIO(data)).metadata[b"dolphin_farm.file_sha256"]
    assert hashlib.sha256(data.replace(found, b"0" * 64)).hexdigest().encode() == found


@pytest.mark.parametrize("read_bytes", [7, 63, 64, 1000])
def test_a_plan_is_summed_piece_by_piece_wherever_the_sum_lies(
    store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch, read_bytes: int
):
    written = plan.append_plan(store, [samples.to_plan(n) for n in range(4)], 90)
    monkeypatch.setattr(plan_file, "_READ_BYTES", read_bytes)
    assert tuple(plan.planned_games(store)) == written
    data = bytearray(store.get("plan/0000.parquet"))
    data[-400] ^= 1
    store.put("plan/0000.parquet", bytes(data))
    with pytest.raises(RecordRefused, match="put a good copy back"):
        list(plan.planned_games(store))


def test_a_plan_whose_sum_goes_by_another_name_is_refused(store: Store, samples: Any):
    """Else it would be taken for a plan made before plans had a sum."""
    plan.append_plan(store, [samples.to_plan(1)], 90)
    data = store.get("plan/0000.parquet")
    store.put("plan/0000.parquet", data.replace(b"dolphin_farm.file_sha256", b"dolphin_farm.file_sha255"))
    with pytest.raises(RecordRefused, match=r"an entry b'dolphin_farm\.file_sha255', which no plan has"):
        list(plan.planned_games(store))


@pytest.mark.parametrize("key", ["next_file_number", "frames_per_chunk"])
def test_a_plan_that_does_not_say_a_number_is_refused(store: Store, samples: Any, key: str):
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    plan.append_plan(store, [samples.to_plan(1)], 90)
    table = pq.read_table(pa.BufferReader(store.get("plan/0000.parquet")))
    metadata = {**table.schema.metadata, f"dolphin_farm.{key}".encode(): b"many"}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), sink)
    store.put("plan/0000.parquet", sink.getvalue().to_pybytes())
    with pytest.raises(RecordRefused, match=rf"does not say dolphin_farm\.{key}; it was changed"):
        plan.append_plan(store, [samples.to_plan(2)], 90)


def test_a_plan_of_before_plans_had_a_sum_is_read(store: Store, samples: Any):
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    plan.append_plan(store, [samples.to_plan(n) for n in range(4)], 90)
    games = list(plan.planned_games(store))
    table = pq.read_table(pa.BufferReader(store.get("plan/0000.parquet")))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    store.put("plan/0000.parquet", sink.getvalue().to_pybytes())
    assert b"file_sha256" not in store.get("plan/0000.parquet")
    assert list(plan.planned_games(store)) == games


def test_a_plan_that_is_gone_is_missed_by_the_next(store: Store, samples: Any):
    for n in range(3):
        plan.append_plan(store, [samples.to_plan(n)], 90)
    store.delete("plan/0001.parquet")
    for read in (lambda: list(plan.planned_games(store)), lambda: plan.append_plan(store, [], 90)):
        with pytest.raises(RecordRefused, match=r"plan/0001\.parquet: not there, though plan/0002"):
            read()
