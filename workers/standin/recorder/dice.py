"""Draw random numbers that are the same on every machine and every Python: the only source of randomness."""

from __future__ import annotations

import random
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draws(IntEnum):
    """Independent streams of random numbers, one per use, so that changes in one use do not affect others."""

    SETUP = 0
    STAGE = 1
    NETPLAY = 2
    PILOT_0 = 3
    PILOT_1 = 4
    WRITING = 5


class Dice:
    """One stream of draws from a seed.

    Only `random.Random(int).random()` is used, because Python guarantees its sequence, but not that of
    `choice` or `shuffle`.
    """

    def __init__(self, seed: int, stream: Draws) -> None:
        self._random = random.Random(seed * 16 + int(stream)).random

    def chance(self, probability: float) -> bool:
        """Draw True with this probability."""
        return self._random() < probability

    def below(self, exclusive_end: int) -> int:
        """Draw an integer in [0, exclusive_end)."""
        return int(self._random() * exclusive_end)

    def between(self, low: float, high: float) -> float:
        """Draw a float in [low, high)."""
        return low + (high - low) * self._random()

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of the choices, all equally likely."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """Draw one of the choices by their weights, of which at least one must be above 0."""
        left = self._random() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]
