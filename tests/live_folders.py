"""What lies in a folder while others write and remove there, which pathlib's rglob does not survive."""

from __future__ import annotations

import os
from pathlib import Path


def paths_below(folder: Path) -> list[Path]:
    """Return every file, link and folder below a folder; what is removed meanwhile is passed over.

    Before Python 3.13 `Path.rglob` raises FileNotFoundError for a folder that goes away between two looks.
    """
    return [Path(above) / name for above, folders, names in os.walk(folder) for name in folders + names]
