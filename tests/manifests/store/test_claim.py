"""Without conditional writes on the server, one process at a time plans, and two compile without harm."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from manifests.audit.audit import audit
from manifests.audit.gc import MIN_AGE_SECONDS, find_garbage, remove
from manifests.errors import RecordRefused
from manifests.ledger.dataset import open_or_create, read_description
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.claim import claimed
from manifests.store.contract import Store, StoreFailed
from manifests.store.open import open_store
from tests.s3_server.fixtures import new_bucket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3_server.fault_proxy import FaultProxy

pytestmark = pytest.mark.s3


@pytest.fixture
def url(s3_proxy: FaultProxy) -> str:
    """The URL of a bucket whose store.json says that conditional writes cannot be relied on."""
    return new_bucket(s3_proxy.url, is_conditional=False)


def numbers_of(store: Store) -> list[int]:
    return sorted(number for game in planned_games(store) for number in game.file_numbers)


def test_while_a_plan_is_late_a_second_planner_is_refused_and_no_number_is_given_twice(
    url: str, s3_proxy: FaultProxy, samples: Any
):
    late = s3_proxy.hold("plan/0000.parquet")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(append_plan, open_store(url), [samples.to_plan(n) for n in range(3)], 90)
        assert late.arrived.wait(240)
        with pytest.raises(StoreFailed, match=r"another process is at work on the plan.*farm gc"):
            append_plan(open_store(url), [samples.to_plan(n) for n in range(3, 6)], 90)
        late.release.set()
        first.result(timeout=240)
    store = open_store(url)
    append_plan(store, [samples.to_plan(n) for n in range(3, 6)], 90)
    assert numbers_of(store) == list(range(6 * 3))
    assert list(store.list("claim/")) == []


def test_a_plan_that_came_before_the_claim_is_read_first(url: str, samples: Any):
    one, other = open_store(url), open_store(url)
    assert append_plan(one, [samples.to_plan(1)], 90)
    assert [game.game_id for game in append_plan(other, [samples.to_plan(n) for n in (1, 2)], 90)] == [
        samples.game_id(2)
    ]
    assert numbers_of(one) == list(range(6))


def test_of_two_that_claim_at_once_at_most_one_goes_on(url: str):
    barrier, at_work, most = threading.Barrier(4), [0], [0]
    lock = threading.Lock()

    def work(_: int) -> bool:
        store = open_store(url)
        barrier.wait(timeout=240)
        try:
            with claimed(store, "plan"):
                with lock:
                    at_work[0] += 1
                    most[0] = max(most[0], at_work[0])
                store.head("plan/0000.parquet")
                with lock:
                    at_work[0] -= 1
        except StoreFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert most[0] <= 1


def test_what_a_killed_planner_left_refuses_until_gc_on_an_idle_store_removes_it(url: str, samples: Any):
    store = open_store(url)
    open_or_create(store, samples.description)
    store.put("claim/plan/of-a-dead-process.json", b"{}")
    with pytest.raises(StoreFailed, match="of-a-dead-process"):
        append_plan(store, [samples.to_plan(1)], 90)
    assert find_garbage(store) == []
    remove(store, find_garbage(store, idle=True))
    assert append_plan(store, [samples.to_plan(1)], 90)


def test_two_that_begin_a_dataset_do_not_replace_each_others_description(
    url: str, s3_proxy: FaultProxy, samples: Any
):
    late = s3_proxy.hold("dataset.json")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(open_or_create, open_store(url), samples.description)
        assert late.arrived.wait(240)
        with pytest.raises(StoreFailed, match="at work on the dataset"):
            open_or_create(open_store(url), samples.description)
        late.release.set()
        first.result(timeout=240)
    assert read_description(open_store(url)) == samples.description


def test_two_compilers_at_once_leave_snapshots_that_hold(
    url: str, s3_proxy: FaultProxy, samples: Any, tmp_path: Path
):
    store = open_store(url)
    open_or_create(store, samples.description)
    append_plan(store, [samples.to_plan(n, 100) for n in range(2)], 90)
    one, other = planned_games(store)
    write_entry(store, samples.place(store, one, tmp_path))
    late = s3_proxy.hold("snapshot.json")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(finalize, open_store(url))
        assert late.arrived.wait(240)
        write_entry(store, samples.place(store, other, tmp_path))
        finalize(store)
        late.release.set()
        first.result(timeout=240)
    assert open_manifest(finalize(store) and store).games().num_rows == 2
    assert audit(store).holds


def test_an_entry_that_a_racing_worker_replaced_is_compiled_anew_and_gc_waits_for_it(
    url: str, samples: Any, tmp_path: Path
):
    """Two workers wrote the entry of one game; the snapshot was compiled between the two."""
    store = open_store(url)
    open_or_create(store, samples.description)
    (game,) = append_plan(store, [samples.to_plan(1, 100)], 90)
    write_entry(store, samples.place(store, game, tmp_path, seed=1))
    finalize(store)
    later = samples.place(store, game, tmp_path, seed=2)
    store.put(f"ledger/{game.game_id}.json", later.to_json())
    in_a_while = 1e11 + MIN_AGE_SECONDS
    with pytest.raises(RecordRefused, match="nothing is removed while records disagree"):
        find_garbage(store, now=in_a_while)
    assert finalize(store).is_new
    named = {chunk.video.key for chunk in later.chunks}
    assert set(open_manifest(store).chunks()["video_key"].to_pylist()) == named
    garbage = {item.key for item in find_garbage(store, now=in_a_while)}
    assert garbage
    assert not named & garbage
