"""Acts as a slot's process with a guard and a child in the middle of a game, for tests of the slot guard.

python guarded.py FILE LOST_SECONDS CHILD_SECONDS MANNERS

The head counts as alive while FILE exists. With `polite`, SIGTERM raises SystemExit, as in Ray's workers;
with `deaf`, SIGTERM is ignored. With `parent`, this process only starts a guarded one.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from farm.pools import slot_guard
from workers.scratch import scratch


def main(head: Path, lost_seconds: float, child_seconds: str, manners: str) -> None:
    if manners == "parent":
        arguments = [str(head), str(lost_seconds), child_seconds, "polite"]
        subprocess.run([sys.executable, __file__, *arguments], check=False)
        return
    slot_guard.ASK_SECONDS = slot_guard.LOOK_SECONDS = 0.1
    slot_guard.DYING_SECONDS = 1.0
    polite = signal.SIG_IGN if manners == "deaf" else lambda *_: sys.exit(1)
    signal.signal(signal.SIGTERM, polite)
    slot_guard.start_guard(head.exists, lost_seconds)
    with scratch(head.parent / "scratch"):
        subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "sleep", child_seconds])
        threading.Event().wait(600)


if __name__ == "__main__":
    path, seconds, child, how = sys.argv[1:]
    main(Path(path), float(seconds), child, how)
