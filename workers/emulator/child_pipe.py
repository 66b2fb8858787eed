"""A pipe into which a child process writes, and a thread that reads it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ChildPipe:
    """A pipe whose ends are held until a child has inherited one, and a thread has taken the other.

    Args:
        name: the name of the thread.
        ends: our end and the child's, two descriptors; a new pipe's by default.
    """

    def __init__(self, name: str, ends: tuple[int, int] | None = None) -> None:
        self._name = name
        self.read_end, self._write_end = ends or os.pipe()
        self._thread: threading.Thread | None = None

    @property
    def descriptor(self) -> int:
        """The child's end, which it must inherit; valid until `start`."""
        return self._write_end

    def start(self, read: Callable[[int], None]) -> None:
        """Start the thread. Call it only after the child has started, as our copy of its end is closed here.

        Args:
            read: function that is called once, in the thread, with our end, which it must close.
        """
        self._close_write_end()
        self._thread = threading.Thread(target=read, args=(self.read_end,), name=self._name, daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Wait for the thread, which ends with the child; to be called after the child's death."""
        self._close_write_end()
        if self._thread is None:
            os.close(self.read_end)
        else:
            self._thread.join(seconds)

    def _close_write_end(self) -> None:
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1
