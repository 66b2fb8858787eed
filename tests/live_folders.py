"""Lists a folder in which other processes write and remove files, where pathlib's rglob may fail."""

from __future__ import annotations

import os
from pathlib import Path


def paths_below(folder: Path) -> list[Path]:
    """Return every file, link and folder below a folder; what is removed meanwhile is left out.

    Before Python 3.13 `Path.rglob` raises FileNotFoundError for a folder that goes away between two looks.
    """
    return [Path(above) / name for above, folders, names in os.walk(folder) for name in folders + names]
