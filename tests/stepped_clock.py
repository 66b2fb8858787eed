"""A clock whose time a test sets."""

from __future__ import annotations


class SteppedClock:
    """Returns `now`, in seconds since the epoch, as the time until a test moves it on.

    Args:
        now: the time at first.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
