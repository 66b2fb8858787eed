"""Removes what slots that were ended by force leave on a machine: scratch folders, which may be in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workers.scratch import PREFIX, default_base, sweep

if TYPE_CHECKING:
    from pathlib import Path

DYING_SECONDS = 3.0  # for a process that was killed to be gone, and its emulator after it


def remove_leftovers(base: Path | None) -> int:
    """Remove the scratch folders of dead slots from this machine; returns how many.

    Those just killed may still be dying and writing: looks again for a while as long as there is any folder,
    the folder of somebody alive included.

    Args:
        base: Where scratch folders are; None for the default.
    """
    folder = base or default_base()
    deadline = time.monotonic() + DYING_SECONDS
    removed = len(sweep(base))
    while time.monotonic() < deadline and any(folder.glob(f"{PREFIX}*")):
        time.sleep(0.1)
        removed += len(sweep(base))
    return removed
