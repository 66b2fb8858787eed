"""Map a file into memory without keeping it open.

Python's own `mmap` keeps a file descriptor for as long as the map lives, and a process may have only about a
thousand of those; a large dataset has more shards. The map that pyarrow makes asks the system to read the
whole file at once, although only a few rows of each shard are read.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_FAILED = ctypes.c_void_p(-1).value


def map_file(path: Path) -> NDArray[np.uint8]:
    """Map a whole file, uint8 [size], read-only; the mapped bytes stay readable when the file is removed.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the file cannot be opened or mapped.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return np.zeros(0, np.uint8)
        address = _LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    finally:
        os.close(descriptor)
    if address is None or address == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
    memory = (ctypes.c_uint8 * size).from_address(address)
    # Every view of the array keeps `memory` alive; once all views are gone, nothing can read the map.
    weakref.finalize(memory, _LIBC.munmap, address, size).atexit = False
    data: NDArray[np.uint8] = np.frombuffer(memoryview(memory), np.uint8)
    data.flags.writeable = False
    return data
