"""Shared memory into which the emulator writes its pictures, and from which we read them without copying.

    slot of shared memory -> uint8 [H * 3 / 2, W], whose slot is given back once nobody holds the array

`channel.c` is the other end.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import weakref
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NUM_SLOTS: Final = 16
"""How many pictures the memory can hold; the library has the same number."""
MAX_SIDE: Final = 8192
"""The largest width and height of a picture, in pixels."""
_SLOT_BYTES: Final = MAX_SIDE * MAX_SIDE * 3 // 2  # addresses only: a page takes memory once it is written


class PictureMemory:
    """The shared memory of one play.

    Args:
        give_back: function that is called with a slot's number once its array is gone, from that thread.
    """

    def __init__(self, give_back: Callable[[int], None]) -> None:
        self._give_back = give_back
        self._num_out = 0
        self._counting = threading.RLock()  # the garbage collector may enter it again on the same thread
        self._descriptor = os.memfd_create("dolphin-farm-pictures")
        os.ftruncate(self._descriptor, NUM_SLOTS * _SLOT_BYTES)
        self._map = _mapped(self._descriptor, NUM_SLOTS * _SLOT_BYTES)

    @property
    def descriptor(self) -> int:
        """The descriptor of the memory, which the emulator must inherit; valid until `close`."""
        return self._descriptor

    @property
    def num_out(self) -> int:
        """How many arrays are still held."""
        return self._num_out

    def picture_in(self, slot: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return the picture in a slot, uint8 [H * 3 / 2, W]; once nobody holds it, the slot is given back.

        Raises:
            ValueError: there is no such slot, or the picture is larger than a slot.
        """
        size = width * height * 3 // 2
        if not 0 <= slot < NUM_SLOTS or not 0 < size <= _SLOT_BYTES:
            message = f"no picture of {width}x{height} can be in slot {slot} of {NUM_SLOTS}"
            raise ValueError(message)
        plain: NDArray[np.uint8] = np.frombuffer(
            memoryview(self._map).cast("B"), np.uint8, size, slot * _SLOT_BYTES
        )
        with self._counting:
            self._num_out += 1
        # Views have `plain` as their base, and so keep it alive.
        weakref.finalize(plain, self._let_go, slot).atexit = False
        return plain.reshape(height * 3 // 2, width)

    def close(self) -> None:
        """Close our descriptor; arrays that are still held stay valid."""
        os.close(self._descriptor)

    def _let_go(self, slot: int) -> None:
        with self._counting:
            self._num_out -= 1
        self._give_back(slot)


def _mapped(descriptor: int, size: int) -> ctypes.Array[ctypes.c_uint8]:
    """Map a descriptor's memory for as long as the array is held; the descriptor may be closed before.

    `mmap.mmap` keeps a descriptor of its own, which would stay open for as long as a picture is kept.

    Raises:
        OSError: the memory cannot be mapped.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    if address == ctypes.c_void_p(-1).value:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    memory = (ctypes.c_uint8 * size).from_address(address)
    weakref.finalize(memory, libc.munmap, address, size).atexit = False
    return memory
