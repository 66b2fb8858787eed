"""Turns signals into requests to stop: one Ctrl-C finishes running games; a second, or SIGTERM, ends them.

A lost terminal (SIGHUP) ends them, too.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType


_STDERR: Final = 2
_DRAINING: Final = (
    b"\nStopping: the games in hand are finished first, and none is begun; ^C again stops at once.\n"
)


class Stop(IntEnum):
    """How urgently a run should end."""

    NO = 0
    DRAIN = 1  # running games may finish; nothing new starts
    NOW = 2  # running games are ended; a later run does them again


class StopSignals:
    """Turns signals into `request` while it is entered; only in the main thread, as Python demands.

    SIGTERM does not drain: its sender (a cluster's job stop, a service manager) kills a few seconds later.
    Nor do SIGHUP, which says that the terminal is gone, and SIGQUIT, which would end Python without any
    clean-up. A SIGHUP that is ignored, as under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.request = Stop.NO
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        """Begin to handle the signals that end a run."""
        self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._interrupted)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._terminated)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the handlers that the signals had before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self.request is Stop.NO:
            self.request = Stop.DRAIN
            # A handler must not write to Python's own streams: it may have interrupted a write.
            with suppress(OSError):
                os.write(_STDERR, _DRAINING)
        else:
            self.request = Stop.NOW

    def _terminated(self, _number: int, _frame: FrameType | None) -> None:
        self.request = Stop.NOW
