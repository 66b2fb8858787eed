"""Decides the exit status of a run, by one rule for a laptop and a cluster."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit status of a program that rendered, for whoever started it."""

    ALL_COMMITTED = 0
    SOME_SET_ASIDE = 1
    NOT_FINISHED = 2


def exit_status(*, num_unfinished: int, num_set_aside: int) -> ExitStatus:
    """Return a run's exit status, judged by all its games, whether this run or an earlier one ended them.

    Args:
        num_unfinished: games without a ledger entry; the same command goes on with them.
        num_set_aside: games that the ledger has as set aside, and replays that became no game of the dataset.
    """
    if num_unfinished:
        return ExitStatus.NOT_FINISHED
    return ExitStatus.SOME_SET_ASIDE if num_set_aside else ExitStatus.ALL_COMMITTED
