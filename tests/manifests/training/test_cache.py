"""The loader's cache keeps its size limit, and holds a piece whole or not at all, however it is shared."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.training.cache import LocalCache


def piece(number: int) -> bytes:
    return random.Random(number).randbytes(500 + number % 500)


def used_bytes(folder: Path) -> int:
    """The bytes of all files in a cache's folder now, counted file by file."""
    pieces = (path for path in folder.glob("*/*"))
    return sum(size_of(path) for path in pieces)


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process evicted it just now
        return 0


def test_a_piece_comes_back_whole_and_in_part(tmp_path: Path):
    cache = LocalCache(tmp_path, 10_000)
    assert cache.read("a") is None
    cache.put("a", b"0123456789")
    assert cache.read("a") == b"0123456789"
    assert cache.read("a", 2, 5) == b"234"
    assert cache.read("a", 8, 12) is None


@settings(max_examples=30)
@given(st.integers(0, 8 * 116 - 1))
def test_a_flipped_bit_of_a_sealed_piece_is_found_and_the_piece_dropped(tmp_path_factory, bit: int):
    cache = LocalCache(tmp_path_factory.mktemp("cache"), 10_000)
    cache.put_sealed("a", bytes(range(100)))
    assert cache.read_sealed("a") == bytes(range(100))
    (path,) = cache.folder.glob("*/*")
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    assert cache.read_sealed("a") is None
    assert cache.read("a") is None


def test_a_sealed_piece_in_the_place_of_another_is_refused(tmp_path: Path):
    cache = LocalCache(tmp_path, 10_000)
    cache.put_sealed("a", b"0123456789")
    (path,) = tmp_path.glob("*/*")
    cache.put_sealed("b", b"9876543210")
    (other,) = set(tmp_path.glob("*/*")) - {path}
    path.write_bytes(other.read_bytes())
    assert cache.read_sealed("a") is None


def test_what_was_used_last_stays(tmp_path: Path):
    cache = LocalCache(tmp_path, 1000)
    for name in "abc":
        cache.put(name, bytes(300))
    assert cache.read("a")
    cache.put("d", bytes(300))
    assert cache.read("a")
    assert cache.read("d")
    assert cache.read("b") is None
    assert used_bytes(cache.folder) <= 1000


def test_a_piece_above_the_bound_is_not_kept(tmp_path: Path):
    cache = LocalCache(tmp_path / "none", 10)
    cache.put("a", bytes(11))
    assert cache.read("a") is None
    assert not (tmp_path / "none").exists()


def test_what_a_killed_writer_left_goes_first(tmp_path: Path):
    cache = LocalCache(tmp_path, 1000)
    cache.put("a", bytes(400))
    left = next(path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size == 400)
    left.with_name("killed.part").write_bytes(bytes(500))
    cache.put("b", bytes(400))
    cache.put("c", bytes(300))
    assert not left.with_name("killed.part").exists()
    assert cache.read("c")
    assert used_bytes(cache.folder) <= 1000


def test_no_room_at_all_fails(tmp_path: Path):
    with pytest.raises(ValueError, match="1 byte or more"):
        LocalCache(tmp_path, 0)


def hammer(folder: str, seed: int, wrong: multiprocessing.Queue[int]) -> None:
    """Read and write at random; report how often a piece was not itself, or the bound was broken."""
    cache, dice, bad = LocalCache(Path(folder), 20_000), random.Random(seed), 0
    for _ in range(300):
        number = dice.randrange(60)
        found = cache.read(str(number))
        if found is None:
            cache.put(str(number), piece(number))
        elif found != piece(number):
            bad += 1
        if dice.random() < 0.05:
            with cache._locked():  # no other process changes the cache while we count
                bad += used_bytes(cache.folder) > 20_000
    wrong.put(bad)


@pytest.mark.slow
def test_many_processes_share_it_and_never_see_a_wrong_or_torn_piece(tmp_path: Path):
    spawn = multiprocessing.get_context("fork")
    wrong = spawn.Queue()
    workers = [spawn.Process(target=hammer, args=(str(tmp_path), seed, wrong)) for seed in range(4)]
    for worker in workers:
        worker.start()
    assert [wrong.get(timeout=240) for _ in workers] == [0] * 4
    for worker in workers:
        worker.join(240)
    assert used_bytes(tmp_path) <= 20_000


def test_a_link_in_the_counters_place_is_not_written_through(tmp_path: Path):
    (tmp_path / "victim").write_bytes(b"12345678")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/used").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        LocalCache(tmp_path / "cache", 1 << 20).put("key", b"x" * 100)
    assert (tmp_path / "victim").read_bytes() == b"12345678"
