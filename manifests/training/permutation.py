"""Random permutations of any size without their tables: a small Feistel network, walked till it lands inside.

For each of many games at once: where the k-th visit goes among n windows, from a key alone. So nothing has to
be kept or repeated to know the millionth one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int = NDArray[np.int64]
    Key = NDArray[np.uint64]

_ROUNDS: Final = 6


def key_of(*parts: object) -> int:
    """A 64-bit key of anything that has one text; the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "little")


def mix(values: Key) -> Key:
    """A well-mixed 64-bit function of each value (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Key = values ^ (values >> np.uint64(31))
    return mixed


def permute(places: Int, sizes: Int, keys: Key) -> Int:
    """Where each place of its own range goes.

    Args:
        places: int64 [K], each in [0, size).
        sizes: int64 [K], above 0.
        keys: uint64 [K]; for one key and size the results are a permutation of the range.

    Returns:
        int64 [K], each in [0, size).

    Raises:
        ValueError: a place outside its range.
    """
    if ((places < 0) | (places >= sizes)).any():
        message = "a place lies outside of its range"
        raise ValueError(message)
    half = np.ones(sizes.shape, np.uint64)
    while (short := (np.uint64(1) << (half * np.uint64(2))) < sizes.astype(np.uint64)).any():
        half[short] += np.uint64(1)
    out = places.astype(np.uint64)
    outside = np.ones(places.shape, bool)
    while outside.any():
        out[outside] = _network(out[outside], half[outside], keys[outside])
        outside = out >= sizes.astype(np.uint64)
    return out.astype(np.int64)


def _network(values: Key, half: Key, keys: Key) -> Key:
    """One pass: a bijection on [0, 2 ** (2 * half))."""
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for round_ in range(_ROUNDS):
        mixed = mix(right ^ keys ^ np.uint64(0x9E3779B97F4A7C15 * (round_ + 1) & 0xFFFFFFFFFFFFFFFF))
        left, right = right, left ^ (mixed & mask)
    joined: Key = left << half | right
    return joined
