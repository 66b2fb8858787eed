"""Random permutations of any size, computed place by place and never stored.

A small Feistel network permutes the numbers below a power of four. If a result is not below the wanted size,
the network is applied to it again, until a result is. So the millionth place of a shuffled order is known
from a key alone, without the 999,999 places before it, and for many games at the same time.
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
    """Make a 64-bit key from any values with a fixed `repr`; the key is the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "little")


def mix(values: Key) -> Key:
    """Mix the bits of each value: the last step of the generator splitmix64."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Key = values ^ (values >> np.uint64(31))
    return mixed


def permute(places: Int, sizes: Int, keys: Key) -> Int:
    """Permute each place within a range of its own.

    Args:
        places: int64 [K], each in [0, size).
        sizes: int64 [K], the size of each place's range, above 0.
        keys: uint64 [K]; with one key and one size, different places give different results.

    Returns:
        int64 [K], each in [0, size).

    Raises:
        ValueError: a place is outside its range.
    """
    if ((places < 0) | (places >= sizes)).any():
        message = "a place lies outside of its range"
        raise ValueError(message)
    # The smallest power of four that holds the range: at most three of four results lie outside the range.
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
    """Apply the Feistel network once: a bijection on [0, 2 ** (2 * half))."""
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for round_ in range(_ROUNDS):
        mixed = mix(right ^ keys ^ np.uint64(0x9E3779B97F4A7C15 * (round_ + 1) & 0xFFFFFFFFFFFFFFFF))
        left, right = right, left ^ (mixed & mask)
    joined: Key = left << half | right
    return joined
