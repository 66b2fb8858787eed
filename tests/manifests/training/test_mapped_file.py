"""Mapped files keep no descriptor open, and memory that is still in use stays mapped."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from manifests.training.mapped_file import map_file


def num_maps(name: str) -> int:
    return sum(name in line for line in Path("/proc/self/maps").read_text().splitlines())


def num_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_mapped_file_is_read_only_and_keeps_no_descriptor(tmp_path: Path):
    path = tmp_path / "mapped-piece"
    path.write_bytes(bytes(range(256)) * 50)
    before = num_open()
    data = map_file(path)
    assert num_open() == before
    assert data.tobytes() == path.read_bytes()
    with pytest.raises(ValueError, match="read-only"):
        data[0] = 1


@pytest.mark.slow
def test_it_is_unmapped_with_the_last_view_and_not_before(tmp_path: Path):
    path = tmp_path / "mapped-piece"
    path.write_bytes(b"x" * 10_000)
    rows = map_file(path).reshape(100, 100)[5:7].view(np.uint32)
    path.unlink()
    gc.collect()
    assert num_maps("mapped-piece") == 1
    assert rows.tobytes() == b"x" * 200
    del rows
    gc.collect()
    assert num_maps("mapped-piece") == 0


def test_no_file_and_an_empty_one(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        map_file(tmp_path / "none")
    (tmp_path / "empty").touch()
    assert map_file(tmp_path / "empty").size == 0
