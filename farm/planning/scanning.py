"""Reads many replays, in this process or in several, in the order in which they were listed."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from farm.planning.scanned_replay import LeftOut
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from farm.planning.scanned_replay import Found, ScannedReplay

    Scan = Callable[[Found], ScannedReplay | LeftOut]
    """Reads one replay, and returns a game or why the replay is left out."""

_REPLAYS_PER_TASK = 8
_TASKS_AHEAD_PER_WORKER = 3  # so that no worker waits, and a bounded number of replays is in memory
_TASK_DEADLINE_SECONDS = 600.0
_FEW_REPLAYS = 32  # this process reads so few replays before others would have started


def look_at_all(
    listed: Iterator[Found | LeftOut], scan: Scan, num_workers: int | None
) -> Iterator[ScannedReplay | LeftOut]:
    """Yield the result of each listed replay, in order; records of left-out files are passed on.

    Args:
        listed: Replays, and records of files that are left out unread.
        scan: Function that reads one replay; it can be pickled.
        num_workers: Processes; None for one per CPU, 0 to read in this process.

    Raises:
        EnvironmentFailed: If a process breaks, or takes too long.
    """
    num_workers = os.cpu_count() or 1 if num_workers is None else num_workers
    first = list(itertools.islice(listed, _FEW_REPLAYS))
    if num_workers == 0 or len(first) < _FEW_REPLAYS:
        for one in itertools.chain(first, listed):
            yield one if isinstance(one, LeftOut) else scan(one)
        return
    pool = reading_pool(num_workers)
    pending: deque[Future[list[ScannedReplay | LeftOut]]] = deque()
    try:
        for batch in _batches(itertools.chain(first, listed)):
            pending.append(pool.submit(_look_at_batch, batch, scan))
            if len(pending) >= num_workers * _TASKS_AHEAD_PER_WORKER:
                yield from _result(pending.popleft())
        while pending:
            yield from _result(pending.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def reading_pool(num_workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes that end with this one, even if it is killed, and leave no file.

    They are spawned: a forked child of a process with threads may deadlock, and a fork server leaves its
    socket behind.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(num_workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in the pool's processes only"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _batches(listed: Iterator[Found | LeftOut]) -> Iterator[list[Found | LeftOut]]:
    while batch := list(itertools.islice(listed, _REPLAYS_PER_TASK)):
        yield batch


def _look_at_batch(batch: list[Found | LeftOut], scan: Scan) -> list[ScannedReplay | LeftOut]:
    return [one if isinstance(one, LeftOut) else scan(one) for one in batch]


def _result(future: Future[list[ScannedReplay | LeftOut]]) -> list[ScannedReplay | LeftOut]:
    try:
        return future.result(_TASK_DEADLINE_SECONDS)
    except BrokenProcessPool as error:
        message = (
            "a process that reads replays ended; free some memory, or scan with --workers 0 to see where"
        )
        raise EnvironmentFailed(message) from error
    except TimeoutError as error:
        message = (
            f"{_REPLAYS_PER_TASK} replays took more than {_TASK_DEADLINE_SECONDS:.0f} s; is the disk stalled?"
        )
        raise EnvironmentFailed(message) from error
