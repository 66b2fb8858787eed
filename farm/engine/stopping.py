"""Ctrl-C once: finish what is running and start nothing new. Twice, or SIGTERM: stop now."""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType


class Stop(IntEnum):
    """How urgently a run is to end."""

    NO = 0
    DRAIN = 1  # what runs may finish; nothing new starts
    NOW = 2  # what runs is ended; a later run does it again


class StopSignals:
    """While entered, turns SIGINT and SIGTERM into `request`; only in the main thread, as Python demands.

    SIGTERM does not drain: who sends it (a cluster's job stop, a service manager) kills a few seconds later.
    """

    def __init__(self) -> None:
        self.request = Stop.NO
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        """Begin to handle SIGINT and SIGTERM."""
        for number, handler in ((signal.SIGINT, self._interrupted), (signal.SIGTERM, self._terminated)):
            self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the handlers that the two signals had before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self.request = Stop.DRAIN if self.request is Stop.NO else Stop.NOW

    def _terminated(self, _number: int, _frame: FrameType | None) -> None:
        self.request = Stop.NOW
