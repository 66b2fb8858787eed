"""Ends a slot's process when its node's Ray or the cluster's head is gone, so that nothing else would.

Ray usually does so itself, after a minute. It does not if it takes a dead raylet that nobody has reaped for a
living one, nor if the head's machine vanished without closing its connections. A slot's emulators are under a
parent-death signal, so they end with its process.
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
ASK_SECONDS = 5.0  # between two questions to the head, which hundreds of slots ask
DYING_SECONDS = 10.0  # how long the game may take to remove its scratch folder; then the process is killed


def start_guard(is_head_there: Callable[[], bool], lost_seconds: float = HEAD_LOST_SECONDS) -> None:
    """Watch over this process in a thread; call it once, from the process that the node's Ray started.

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
            # Silence is measured from the question: a process that was itself paused has asked nothing.
            silent_since = float("inf") if is_head_there() else min(silent_since, now)
    # Ray turns SIGTERM into SystemExit in the running game, which ends its emulator and removes its scratch
    # folder.
    os.kill(os.getpid(), signal.SIGTERM)
    clock.wait(DYING_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
