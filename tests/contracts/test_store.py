"""The Store contract: one suite of tests for every implementation."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.store.contract import ObjectMissing, Store, StoreFailed
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

BIG = os.urandom(3 << 20)


def test_what_was_put_is_got(store: Store):
    store.put("a/b.bin", BIG)
    assert store.get("a/b.bin") == BIG


def test_a_file_is_put_as_its_bytes(store: Store, tmp_path: Path):
    source = tmp_path / "source.bin"
    source.write_bytes(BIG)
    assert store.put_if_absent("videos/one.mp4", source)
    store.put("videos/two.mp4", source)
    assert store.get("videos/one.mp4") == store.get("videos/two.mp4") == BIG
    assert source.read_bytes() == BIG


def test_a_store_says_whether_it_is_remote_and_opens_again_from_its_url(store: Store):
    store.put("key", b"x")
    again = open_store(store.url)
    assert again.get("key") == b"x"
    assert store.is_remote is again.is_remote is store.url.startswith("s3://")


def test_an_empty_object_is_an_object(store: Store):
    assert store.put_if_absent("empty", b"")
    assert store.get("empty") == b""
    assert store.head("empty").size_bytes == 0
    assert not store.put_if_absent("empty", b"x")


def test_put_replaces(store: Store):
    store.put("key", b"old")
    store.put("key", b"new and longer")
    assert store.get("key") == b"new and longer"


def test_put_if_absent_never_replaces(store: Store):
    assert store.put_if_absent("key", b"first")
    assert not store.put_if_absent("key", b"second")
    assert store.get("key") == b"first"


def test_a_deleted_key_is_absent(store: Store):
    store.put("key", b"x")
    store.delete("key")
    assert store.head("key") is None
    assert store.put_if_absent("key", b"y")


def test_deleting_nothing_is_no_error(store: Store):
    store.delete("never/was")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["none", "none/below", "there/below"])
def test_get_of_nothing_fails(store: Store, key: str):
    store.put("there", b"x")
    assert store.head(key) is None
    with pytest.raises(ObjectMissing, match=key):
        store.get(key)
    with pytest.raises(ObjectMissing, match=key):
        store.get_range(key, 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("start", "exclusive_end"), [(0, 0), (0, 1), (3, 9), (9, 10), (0, 10), (10, 10)])
def test_a_range_is_half_open(store: Store, start: int, exclusive_end: int):
    store.put("digits", b"0123456789")
    assert store.get_range("digits", start, exclusive_end) == b"0123456789"[start:exclusive_end]


@pytest.mark.parametrize(("start", "exclusive_end"), [(0, 11), (9, 11), (11, 12), (10, 11)])
def test_a_range_past_the_end_fails_rather_than_come_back_short(store: Store, start: int, exclusive_end: int):
    store.put("digits", b"0123456789")
    with pytest.raises(StoreFailed, match="digits"):
        store.get_range("digits", start, exclusive_end)


@pytest.mark.parametrize(("start", "exclusive_end"), [(-1, 2), (3, 2)])
def test_a_range_the_wrong_way_round_is_refused(store: Store, start: int, exclusive_end: int):
    store.put("digits", b"0123456789")
    with pytest.raises(ValueError, match="no such range"):
        store.get_range("digits", start, exclusive_end)


def test_head_knows_size_and_time(store: Store):
    store.put("older", b"12345")
    info = store.head("older")
    assert (info.key, info.size_bytes) == ("older", 5)
    listed = next(store.list("older"))
    assert listed.modified_at == pytest.approx(info.modified_at, abs=1)


def test_a_listing_has_every_key_of_the_prefix_in_order(store: Store):
    keys = ["a-b/c", "a.txt", "a/1", "a/10", "a/2", "a0", "b/x/y/z"]
    for key in reversed(keys):
        store.put(key, key.encode())
    assert [info.key for info in store.list() if info.key != "store.json"] == sorted(keys)
    assert [info.key for info in store.list("a/")] == ["a/1", "a/10", "a/2"]
    assert [info.key for info in store.list("a/1")] == ["a/1", "a/10"]
    assert [info.key for info in store.list("a")] == sorted(key for key in keys if key.startswith("a"))
    assert [info.key for info in store.list("b/x/y/z")] == ["b/x/y/z"]
    assert [info.size_bytes for info in store.list("a/")] == [3, 4, 3]


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["none/", "a/b/c/", "zzz"])
def test_a_listing_of_nothing_is_empty(store: Store, prefix: str):
    store.put("a/b", b"x")
    assert list(store.list(prefix)) == []


def test_a_store_that_holds_nothing_lists_nothing(store: Store):
    assert [info.key for info in store.list() if info.key != "store.json"] == []


def test_a_listing_longer_than_a_page_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("manifests.store.s3.KEYS_PER_PAGE", 7)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.put(f"many/{n:04d}", b"x"), range(36)))
    assert [info.key for info in store.list("many/")] == [f"many/{n:04d}" for n in range(36)]


@pytest.mark.parametrize(
    "key", ["", "/", "/abs", "a//b", "a/", "../up", "a/../b", ".hidden", "a/.b", "ä", "a b", "x" * 1000]
)
def test_a_key_that_could_leave_the_root_or_hide_is_refused(store: Store, key: str):
    for call in (lambda: store.put(key, b""), lambda: store.put_if_absent(key, b""), lambda: store.get(key)):
        with pytest.raises(ValueError, match="not a key"):
            call()


def test_of_many_threads_exactly_one_puts(store: Store):
    barrier = threading.Barrier(8)

    def race(n: int) -> bool:
        barrier.wait(timeout=240)
        return store.put_if_absent("raced", f"thread {n}".encode() * 1000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert store.get("raced") == f"thread {won.index(True)}".encode() * 1000


def race_in_a_process(url: str, n: int, rounds: int, barrier: object, results: object) -> None:
    store = open_store(url)
    for k in range(rounds):
        barrier.wait(timeout=240)
        if store.put_if_absent(f"raced/{k}", f"process {n}".encode() * 50_000):
            results.put((k, n))


@pytest.mark.slow
def test_of_many_processes_exactly_one_puts(store: Store):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    racers = [
        context.Process(target=race_in_a_process, args=(store.url, n, 10, barrier, results)) for n in range(4)
    ]
    for racer in racers:
        racer.start()
    won = dict(results.get(timeout=240) for _ in range(10))
    for racer in racers:
        racer.join(timeout=240)
        assert racer.exitcode == 0
    assert results.empty()
    assert sorted(won) == list(range(10))
    for k, n in won.items():
        assert store.get(f"raced/{k}") == f"process {n}".encode() * 50_000


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=2000), cuts=st.tuples(st.integers(0, 2000), st.integers(0, 2000)))
def test_any_bytes_come_back_whole_and_in_part(store: Store, data: bytes, cuts: tuple[int, int]):
    store.put("data", data)
    start, exclusive_end = sorted(min(cut, len(data)) for cut in cuts)
    assert store.get("data") == data
    assert store.get_range("data", start, exclusive_end) == data[start:exclusive_end]


def test_an_unknown_kind_of_store_is_refused():
    with pytest.raises(StoreFailed, match="ftp"):
        open_store("ftp://host/path")
