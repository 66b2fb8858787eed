"""Read the output of a child process line by line, as it prints it."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Final

from workers.emulator.child_pipe import ChildPipe

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL_LINES: Final = 40
"""How many of the last lines are kept for error messages; a game prints tens of thousands."""

MAX_LINE_BYTES: Final = 4096
"""A longer line is cut into pieces, so that a program without newlines cannot fill memory."""


class OutputLines:
    """A pipe for a child's output, and a thread that empties it for as long as the child lives."""

    def __init__(self) -> None:
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._pipe = ChildPipe("child output")

    @property
    def descriptor(self) -> int:
        """The descriptor that becomes the child's stdout and stderr; valid until `start`."""
        return self._pipe.descriptor

    def start(self, on_line: Callable[[str], bool], on_end: Callable[[], None]) -> None:
        """Begin to read. Call it only after the child has started: our own copy of its end is closed here.

        Args:
            on_line: function that the thread calls with every line, without its end; if it returns False, it
                is not called again. It may wait; then the child waits, too, once the pipe is full.
            on_end: function that the thread calls once nobody holds the pipe's other end, as the child died.
        """
        self._pipe.start(lambda read_end: self._run(read_end, on_line, on_end))

    def tail(self) -> tuple[str, ...]:
        """Return the last lines, oldest first, at most TAIL_LINES."""
        return tuple(self._tail)

    def close(self, seconds: float) -> None:
        """Wait for the thread, which ends with the child; to be called after the child's death."""
        self._pipe.close(seconds)

    def _run(self, read_end: int, on_line: Callable[[str], bool], on_end: Callable[[], None]) -> None:
        wanted = True
        with os.fdopen(read_end, "rb") as pipe:
            while piece := pipe.readline(MAX_LINE_BYTES):
                line = piece.decode(errors="replace").rstrip("\r\n")
                self._tail.append(line)
                wanted = wanted and on_line(line)
        on_end()
