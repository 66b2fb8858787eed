"""Times windows of states against NumPy's bare gather of the same rows, and at large scale."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from farm.bench._many_games import repeat_games
from farm.bench._stretch import stretch
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from manifests.training.dataset import WindowDataset
    from manifests.training.sample import Sample
    from manifests.training.stream import Stream

_FIELDS: Final = ("state", "action")
_LENGTHS: Final = (10, 60)
_BATCH: Final = 64
_RANKS: Final = 8
_APART: Final = _BATCH * _RANKS  # gives the same order for one rank and for several
_ROUNDS: Final = 3
_WORKERS: Final = 8
_SECONDS: Final = 1.0  # of processor time per round
_DEADLINE: Final = 300.0
_ROOMY: Final = 1 << 50


def measure(root: Path, scratch: Path, hours: float, num_games: int) -> dict[str, Any]:
    """Measure windows of states per second of processor time, as medians of three rounds.

    Args:
        root: a dataset; pictures are not read.
        scratch: an empty folder on the same file system.
        hours: length of a dataset of links; its packed states are read with caches into which they just fit,
            and with smaller ones.
        num_games: number of games of a simulated dataset; 0 to leave it out.
    """
    found: dict[str, Any] = {f"K={length}": _lengths(root, scratch / "cache", length) for length in _LENGTHS}
    if hours:
        large = scratch / "large"
        found["cache"] = _around_the_bound(large, scratch, stretch(root, large, round(hours * 3600 * 60)))
    if num_games:
        repeat_games(root, scratch / "many", num_games)
        found["many games"] = _many(scratch / "many", scratch / "cache-many", num_games)
    return found


def _open(root: Path, length: int, cache: Cache) -> WindowDataset:
    spec = WindowSpec(length, start="any")
    return open_dataset(root, window=spec, fields=_FIELDS, cache=cache, as_torch=False)


def _lengths(root: Path, cache: Path, length: int) -> dict[str, Any]:
    dataset = _open(root, length, Cache(cache, _ROOMY))
    jobs: dict[str, Callable[[], float]] = {
        "one rank": lambda: _rate(_batches(dataset)),
        f"one of {_RANKS} ranks": lambda: _rate(_batches(dataset, rank=3, world_size=_RANKS)),
        "numpy gather": lambda: _gather_rate(dataset),
    }
    rounds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(_ROUNDS):
        for name, job in jobs.items():
            rounds[name].append(job())
    found: dict[str, Any] = {name: round(statistics.median(rates)) for name, rates in rounds.items()}
    found["ranks' share"] = round(found[f"one of {_RANKS} ranks"] / found["one rank"], 3)
    found["bytes a frame"] = dataset.reader.states.shards.num_bytes // int(
        dataset.footage.grid.num_frames.sum()
    )
    return found


def _batches(dataset: WindowDataset, rank: int = 0, world_size: int = 1) -> Iterator[Sample]:
    return _forever(dataset.stream(batch_size=_BATCH, apart=_APART, rank=rank, world_size=world_size))


def _rate(batches: Iterator[Sample]) -> float:
    """Return the windows per second of processor time, not counting the first batch."""
    next(batches)
    started, count = time.process_time(), 0
    while (gone := time.process_time() - started) < _SECONDS:
        next(batches)
        count += _BATCH
    return count / gone


def _gather_rate(dataset: WindowDataset) -> float:
    """Gather the packed rows of random windows with NumPy, and do nothing else."""
    span, length = dataset.reader.states.span(0), dataset.index.spec.window
    assert span is not None, "the cache has room for everything"
    dice, steps = np.random.default_rng(0), np.arange(length)
    starts = dice.integers(0, len(span.rows) - length, (1000, _BATCH))
    started, count = time.process_time(), 0
    while (gone := time.process_time() - started) < _SECONDS:
        for batch in starts:
            np.take(span.rows, (batch[:, None] + steps).reshape(-1), axis=0)
        count += starts.size
    return count / gone


def _around_the_bound(root: Path, scratch: Path, num_frames: int) -> dict[str, Any]:
    found: dict[str, Any] = {"frames": num_frames}
    num_bytes = _open(root, _LENGTHS[0], Cache(scratch / "none", 1)).reader.states.shards.num_bytes
    for name, share in (("just below", 1.02), ("just above", 0.98), ("3 times", 0.33), ("8 times", 0.125)):
        dataset = _open(root, _LENGTHS[0], Cache(scratch / name, int(num_bytes * share / 0.9)))
        dataset.prepare()
        rates = [_rate(_batches(dataset)) for _ in range(_ROUNDS)]
        kept = dataset.reader.states.shards.num_chunks_kept / dataset.footage.grid.game.size
        found[name] = {"windows_per_second": round(statistics.median(rates)), "share packed": round(kept, 3)}
    return found


def _many(root: Path, cache: Path, num_games: int) -> dict[str, Any]:
    started, before = time.perf_counter(), _memory()
    dataset = _open(root, _LENGTHS[0], Cache(cache, _ROOMY))
    found: dict[str, Any] = {
        "games": num_games,
        "windows": len(dataset),
        "packed GB": round(dataset.reader.states.shards.num_bytes / 1e9),
        "opening seconds": round(time.perf_counter() - started, 2),
        "opening MB": round((_memory() - before) / 1e6),
    }
    started = time.process_time()
    dataset.prepare()
    found["packing and mapping seconds"] = round(time.process_time() - started, 2)
    found["shards"] = dataset.reader.states.shards.shards.num_rows.size
    rates = [_worker_rate(dataset, 0)[0] for _ in range(_ROUNDS)]
    found["windows_per_second"] = round(statistics.median(rates))
    context = multiprocessing.get_context("fork")
    ends = [context.Pipe(duplex=False) for _ in range(_WORKERS)]
    workers = [
        context.Process(target=_work, args=(dataset, number, end), daemon=True)
        for number, (_, end) in enumerate(ends)
    ]
    for worker in workers:
        worker.start()
    memory = [receiver.recv() for receiver, _ in ends if receiver.poll(_DEADLINE)]
    for worker in workers:
        worker.join(_DEADLINE)
    found[f"{_WORKERS} workers' own MB"] = round(sum(memory) / 1e6)
    return found


def _work(dataset: WindowDataset, worker: int, end: Connection[Any, Any]) -> None:
    end.send(_worker_rate(dataset, worker)[1])


def _worker_rate(dataset: WindowDataset, worker: int) -> tuple[float, int]:
    stream = dataset.stream(batch_size=_BATCH, apart=_APART)
    stream.work_as(worker, _WORKERS)
    return _rate(_forever(stream)), _memory()


def _forever(stream: Stream) -> Iterator[Sample]:
    while True:
        yield from stream


def _memory() -> int:
    """Return the bytes of memory that this process shares with no other, without mapped files."""
    for line in Path(f"/proc/{os.getpid()}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    return 0
