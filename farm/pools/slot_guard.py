"""Ends a slot's process when nobody is left to end it: its node's Ray, or the cluster's head, is gone.

Ray does so itself in most cases, after a minute; not when it takes a dead raylet that nobody has reaped for a
living one, nor when the head's machine vanished without closing its connections. A slot's emulators are under
a parent-death signal, so the end of its process is theirs.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from farm.pools.head_watch import HEAD_LOST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_SECONDS = 1.0  # between two looks at the parent process
ASK_SECONDS = 5.0  # between two questions to the head: hundreds of slots ask it
DYING_SECONDS = 10.0  # for the game to remove its scratch folder; then the process is killed


def start_guard(is_head_there: Callable[[], bool], lost_seconds: float = HEAD_LOST_SECONDS) -> None:
    """Watch over this process from a thread; call it once, from the process that the node's Ray started.

    Args:
        is_head_there: Asks the head once, which may take some seconds; True if it answered.
        lost_seconds: Seconds that the head may be silent before this process ends.
    """
    guard = threading.Thread(
        target=_guard, args=(os.getppid(), is_head_there, lost_seconds), name="slot-guard", daemon=True
    )
    guard.start()


def _guard(parent: int, is_head_there: Callable[[], bool], lost_seconds: float) -> None:
    clock = threading.Event()  # never set
    next_question, silent_since = 0.0, float("inf")
    while os.getppid() == parent and time.monotonic() < silent_since + lost_seconds:
        clock.wait(LOOK_SECONDS)
        if (now := time.monotonic()) >= next_question:
            next_question = now + ASK_SECONDS
            # From the question: a process that was itself paused has asked nothing.
            silent_since = float("inf") if is_head_there() else min(silent_since, now)
    # Ray turns the first into SystemExit, wherever the game is: it ends its emulator and removes its scratch.
    os.kill(os.getpid(), signal.SIGTERM)
    clock.wait(DYING_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
