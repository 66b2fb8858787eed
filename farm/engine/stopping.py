"""Ctrl-C once: finish what is running and start nothing new. Twice, SIGTERM, or the terminal gone: stop."""

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
    """How urgently a run is to end."""

    NO = 0
    DRAIN = 1  # what runs may finish; nothing new starts
    NOW = 2  # what runs is ended; a later run does it again


class StopSignals:
    """While entered, turns signals into `request`; only in the main thread, as Python demands.

    SIGTERM does not drain: who sends it (a cluster's job stop, a service manager) kills a few seconds later.
    Nor do SIGHUP, which says that the terminal is gone, and SIGQUIT, which Python would die of and clean
    nothing up. A SIGHUP that is ignored, as under nohup, stays so.
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
            # Python's own streams cannot be written by a handler that interrupts one who writes them.
            with suppress(OSError):
                os.write(_STDERR, _DRAINING)
        else:
            self.request = Stop.NOW

    def _terminated(self, _number: int, _frame: FrameType | None) -> None:
        self.request = Stop.NOW
