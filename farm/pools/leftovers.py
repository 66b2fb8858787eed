"""Removes the scratch folders, which may be in memory, of slots that were ended by force on a machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workers.scratch import PREFIX, default_base, sweep

if TYPE_CHECKING:
    from pathlib import Path

DYING_SECONDS = 3.0  # how long a killed process, and after it its emulator, may take to be gone


def remove_leftovers(base: Path | None) -> int:
    """Remove the scratch folders of dead slots from this machine; return how many.

    A process that was just killed may still be dying and writing. So this looks again for a while, as long as
    there is any folder, even one of a living process.

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
