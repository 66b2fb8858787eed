"""Folders of Python's fork servers are removed only if no process listens there any more."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.pools.forkserver_folders import remove_dead_folders


@pytest.fixture
def base() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # short, since the paths of sockets have a limit
        yield Path(folder)


def listening(base: Path, name: str) -> socket.socket:
    (base / name).mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(base / name / "listener-x"))
    server.listen()
    return server


def test_a_folder_goes_once_its_server_is_gone_and_nothing_else_does(base: Path):
    alive, dead = listening(base, "pymp-alive"), listening(base, "pymp-dead")
    dead.close()
    (base / "pymp-empty").mkdir()
    (base / "pymp-files").mkdir()
    (base / "pymp-files/listener-x").write_text("no socket")
    (base / "pymp-link").symlink_to(base / "pymp-dead")
    with alive:
        assert remove_dead_folders(base) == 1
        left = {path.name for path in base.iterdir()}
        assert left == {"pymp-alive", "pymp-empty", "pymp-files", "pymp-link"}
    (base / "pymp-link").unlink()
    assert remove_dead_folders(base) == 1
