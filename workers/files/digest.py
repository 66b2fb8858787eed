"""Hash files, each only once per process as long as it does not change: a disc image has 1.4 GB."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from manifests.plain_file import open_plain

if TYPE_CHECKING:
    from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, hex.

    Raises:
        OSError: the file cannot be read.
    """
    about = path.stat()
    return _hashed(path, (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns))


@functools.lru_cache(maxsize=32)
def _hashed(path: Path, _version: tuple[int, ...]) -> str:
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
