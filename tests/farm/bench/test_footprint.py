"""The CPU time and memory of a process are counted from outside, with its children, and never twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from farm.bench._footprint import FootprintWatch, family_of, memory_of, scratch_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEBIBYTE = 1 << 20
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"\\n")
"""


@contextmanager
def parent_and_child() -> Iterator[tuple[int, int]]:
    """Two processes, one of which started the other; both end with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        yield it.pid, int(it.stdout.readline())
        it.communicate(b"\n", timeout=240)


def test_a_process_and_what_it_started_are_a_family_until_they_end():
    with parent_and_child() as (parent, child):
        assert sorted(family_of(parent)) == sorted([parent, child])
        assert family_of(child) == [child]
    assert family_of(parent) == [parent]


def test_a_process_that_has_ended_has_no_memory():
    with parent_and_child() as (parent, child):
        assert memory_of(parent) > MEBIBYTE
    assert memory_of(parent) == memory_of(child) == 0


def test_scratch_is_what_lies_on_disk_but_for_the_dataset(tmp_path: Path):
    for name in ("a", "deep/b", "dataset/c"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(os.urandom(MEBIBYTE))
    assert 2 * MEBIBYTE <= scratch_in(tmp_path) < 3 * MEBIBYTE
    assert scratch_in(tmp_path / "gone") == 0


def test_the_most_of_both_is_kept(tmp_path: Path):
    (tmp_path / "a").write_bytes(os.urandom(MEBIBYTE))
    with FootprintWatch(os.getpid(), tmp_path) as watch:
        pass  # the first sample is taken at once, others follow
    assert watch.memory_bytes > MEBIBYTE
    assert watch.scratch_bytes >= MEBIBYTE


def test_a_process_is_watched_with_all_that_it_started(tmp_path: Path):
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "video").write_bytes(bytes(1 << 20))
    (tmp_path / "pictures").write_bytes(bytes(1 << 20))
    inner = "import time; held = bytes(range(256)) * 200_000; print('ready', flush=True); time.sleep(60)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=False)"
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        with FootprintWatch(process.pid, tmp_path) as watch:
            family = family_of(process.pid)
        for pid in family:
            os.kill(pid, signal.SIGKILL)
    assert len(family) == 2
    assert watch.memory_bytes > 51_200_000
    assert 1 << 20 <= watch.scratch_bytes < 2 << 20


def test_scratch_is_counted_while_folders_in_it_come_and_go(tmp_path: Path):
    (tmp_path / "pictures").write_bytes(bytes(1 << 20))
    is_over = threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            (tmp_path / "load" / "inner").mkdir(parents=True)
            shutil.rmtree(tmp_path / "load")

    with ThreadPoolExecutor(1) as other:
        busy = other.submit(come_and_go)
        counted = [scratch_in(tmp_path) for _ in range(2000)]
        is_over.set()
        busy.result(10)
    assert min(counted) >= 1 << 20
