"""The exit status of a run: one rule, on a laptop and on a cluster."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the status of a program that rendered tells whoever started it."""

    ALL_COMMITTED = 0
    SOME_SET_ASIDE = 1
    NOT_FINISHED = 2


def exit_status(*, num_unfinished: int, num_set_aside: int) -> ExitStatus:
    """Judge a run by all games that it was given, whether this run or an earlier one ended them.

    Args:
        num_unfinished: games without a ledger entry; the same command goes on with them.
        num_set_aside: games that the ledger sets aside, and replays that no game of the dataset came of.
    """
    if num_unfinished:
        return ExitStatus.NOT_FINISHED
    return ExitStatus.SOME_SET_ASIDE if num_set_aside else ExitStatus.ALL_COMMITTED
