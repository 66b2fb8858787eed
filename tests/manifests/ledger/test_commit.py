"""A ledger entry never names bytes that are not there, though workers race, differ, or are killed."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from manifests.ledger.commit import MAX_EDITIONS, place_chunk_file
from manifests.ledger.entry import Status, read_entries, write_entry
from manifests.ledger.plan import append_plan, pending_games, planned_games
from manifests.store.contract import Data, Store, StoreFailed
from manifests.store.keys import DATA_PREFIXES, parse_data_key, video_key
from manifests.store.local import LocalStore
from manifests.store.open import open_store

ROOT = Path(__file__).resolve().parents[3]

# A worker like the farm's: takes pending games in an order of its own, renders them (random bytes), places
# the files, writes the entry, until no game is left. argv: store, scratch, seed of its order, seed of its
# bytes.
WORKER = """
import random, sys
from pathlib import Path
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import pending_games
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
url, scratch, order, seed = sys.argv[1:]
store, order = open_store(url), random.Random(order)
Path(scratch).mkdir(exist_ok=True)
while pending := list(pending_games(store)):
    game = order.choice(pending)
    entry = Samples().place(store, game, Path(scratch), int(seed))
    print("won" if write_entry(store, entry) else "lost", flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def file_of(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / hashlib.sha256(data).hexdigest()[:8]
    path.write_bytes(data)
    return path


def test_a_placed_file_is_named_as_planned(store: Store, tmp_path: Path):
    ref = place_chunk_file(store, "video", 1234, file_of(tmp_path, b"pictures"))
    assert ref.key == video_key(1234)
    assert (ref.size_bytes, ref.sha256) == (8, hashlib.sha256(b"pictures").hexdigest())
    assert store.get(ref.key) == b"pictures"


def test_the_same_bytes_again_are_the_same_object(store: Store, tmp_path: Path):
    path = file_of(tmp_path, b"pictures")
    assert place_chunk_file(store, "video", 7, path) == place_chunk_file(store, "video", 7, path)
    assert len(list(store.list())) == 1


@pytest.mark.parametrize("other", [b"PICTURES", b"more pictures", b""])
def test_other_bytes_go_beside_and_never_over(store: Store, tmp_path: Path, other: bytes):
    first = place_chunk_file(store, "video", 7, file_of(tmp_path, b"pictures"))
    second = place_chunk_file(store, "video", 7, file_of(tmp_path, other))
    assert second.key == video_key(7, edition=1)
    assert store.get(first.key) == b"pictures"
    assert store.get(second.key) == other
    assert place_chunk_file(store, "video", 7, file_of(tmp_path, b"pictures")) == first


def test_bytes_that_never_repeat_fail_in_the_end(store: Store, tmp_path: Path):
    for n in range(MAX_EDITIONS):
        store.put(video_key(7, edition=n), f"edition {n}".encode())
    with pytest.raises(StoreFailed, match="100 different renderings"):
        place_chunk_file(store, "video", 7, file_of(tmp_path, b"pictures"))


class CannotSayWhoCameFirst(LocalStore):
    """A fake of an S3 server without conditional writes, on a folder; it counts what is put."""

    num_puts = 0

    @property
    def has_conditional_writes(self) -> bool:
        return False

    def put(self, key: str, data: Data) -> None:
        self.num_puts += 1
        super().put(key, data)


def test_where_nobody_can_say_who_came_first_a_key_depends_on_its_bytes(tmp_path: Path):
    store = CannotSayWhoCameFirst(tmp_path / "store")
    refs = [place_chunk_file(store, "video", 7, file_of(tmp_path, data)) for data in (b"ours", b"theirs")]
    assert [store.get(ref.key) for ref in refs] == [b"ours", b"theirs"]
    digest = hashlib.sha256(b"ours").hexdigest()
    assert refs[0].key == video_key(7, edition=int(digest[:10], 16)), "other versions give the same key"
    assert place_chunk_file(store, "video", 7, file_of(tmp_path, b"ours")) == refs[0]
    assert store.num_puts == 2, "what is there is not sent again"


def test_where_nobody_can_say_who_came_first_a_damaged_object_is_put_again(tmp_path: Path):
    store = CannotSayWhoCameFirst(tmp_path / "store")
    ref = place_chunk_file(store, "video", 7, file_of(tmp_path, b"ours"))
    for damaged in (b"OURS", b"our"):
        store.put(ref.key, damaged)
        assert place_chunk_file(store, "video", 7, file_of(tmp_path, b"ours")) == ref
        assert store.get(ref.key) == b"ours"


def test_a_name_that_is_taken_by_no_file_is_passed_over(store: Store, tmp_path: Path):
    place_chunk_file(store, "video", 8, file_of(tmp_path, b"others"))
    os.mkfifo(Path(store.url) / video_key(7))
    ref = place_chunk_file(store, "video", 7, file_of(tmp_path, b"pictures"))
    assert ref.key == video_key(7, edition=1)


def start_worker(store: Store, scratch: Path, order: int, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, store.url, str(scratch), str(order), str(seed)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def assert_all_done_and_true(store: Store) -> int:
    """Assert that every game is committed and every named object whole; return the number of orphans."""
    games = list(planned_games(store))
    entries = list(read_entries(store, [game.game_id for game in games]))
    assert [entry.game_id for entry in entries] == [game.game_id for game in games]
    named = set()
    for entry, game in zip(entries, games, strict=True):
        assert entry.status is Status.COMMITTED
        assert [chunk.file_number for chunk in entry.chunks] == list(game.file_numbers)
        for ref in (ref for chunk in entry.chunks for ref in (chunk.video, chunk.states)):
            data = store.get(ref.key)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (ref.size_bytes, ref.sha256)
            named.add(ref.key)
    present = [info for prefix in DATA_PREFIXES for info in store.list(prefix)]
    assert named <= {info.key for info in present}
    for info in present:  # an orphan is still whole, and says what it was made for
        assert info.size_bytes == 1000
        assert parse_data_key(info.key) is not None
    return len(present) - len(named)


@pytest.mark.slow
@pytest.mark.parametrize("is_deterministic", [True, False])
def test_racing_workers_that_are_killed_leave_only_true_entries(
    store: Store, tmp_path: Path, samples: Any, is_deterministic: bool
):
    append_plan(store, [samples.to_plan(n, 300) for n in range(12)], 90)
    killer, deadline, kills, num_started = random.Random(5), time.monotonic() + 120, 0, 0
    workers: list[subprocess.Popen[str]] = []
    said: list[str] = []
    while any(True for _ in pending_games(store)):
        assert time.monotonic() < deadline
        while len(workers) < 3:
            seed = 0 if is_deterministic else num_started
            workers.append(start_worker(store, tmp_path / f"scratch-{num_started}", num_started, seed))
            num_started += 1
        # read one line of a worker, then perhaps kill it, whatever it is doing now
        worker = workers.pop(0)
        said.append(worker.stdout.readline().strip())
        if not kills or killer.random() < 0.5:
            worker.send_signal(signal.SIGKILL)
            kills += 1
            said += worker.communicate(timeout=240)[0].split()
        else:
            workers.append(worker)
    for worker in workers:
        said += worker.communicate(timeout=240)[0].split()
        assert worker.returncode == 0
    num_orphans = assert_all_done_and_true(store)
    assert kills > 0
    assert said.count("won") <= 12  # a worker may have been killed before it said that it won
    if is_deterministic:
        assert num_orphans == 0


def test_workers_with_differing_bytes_on_one_game_leave_one_entry_and_named_orphans(
    store: Store, tmp_path: Path, samples: Any
):
    append_plan(store, [samples.to_plan(1, 300)], 90)
    (game,) = planned_games(store)
    placed = []
    for seed in range(3):  # all place before any writes its entry, the worst order
        (tmp_path / str(seed)).mkdir()
        placed.append(samples.place(store, game, tmp_path / str(seed), seed))
    assert [write_entry(store, entry) for entry in reversed(placed)] == [True, False, False]
    assert assert_all_done_and_true(store) == 2 * 2 * game.num_chunks


def test_an_attempt_that_died_half_way_is_finished_by_the_next(store: Store, tmp_path: Path, samples: Any):
    append_plan(store, [samples.to_plan(1, 300)], 90)
    (game,) = planned_games(store)
    samples.place(store, game, tmp_path)
    (left,) = pending_games(store)
    assert write_entry(store, samples.place(store, left, tmp_path))
    assert assert_all_done_and_true(store) == 0
