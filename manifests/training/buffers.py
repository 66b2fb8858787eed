"""Use the memory of large arrays again once nobody holds them: fresh memory costs a fifth of decoding.

A batch of pictures takes 100 MB. The system hands such memory out page by page, fills each with zeros when it
is first touched, and takes it back when the array is gone. Here the memory is kept instead: it is free again
once the last array, view or tensor over it is gone, and waits for the next batch.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEPT: Final = 3  # of one size, waiting


class BufferPool:
    """Lends arrays of uint8. Several threads may take from it; a copy in another process starts empty."""

    def __init__(self) -> None:
        self._free: dict[int, deque[NDArray[np.uint8]]] = {}

    def take(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Lend an array of that shape; its values are not defined."""
        size = math.prod(shape)
        waiting = self._free.setdefault(size, deque(maxlen=_KEPT))
        try:
            memory = waiting.pop()
        except IndexError:
            memory = np.empty(size, np.uint8)
        # All views of `lent` keep `lent` alive, not `memory` behind it; so once it is gone, all of them are.
        lent = np.frombuffer(memory.data, np.uint8)
        weakref.finalize(lent, waiting.append, memory).atexit = False
        return lent.reshape(shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return (BufferPool, ())
