"""Refuses a scan that found no replay at all, since most likely the wrong place was named."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workers.errors import EnvironmentFailed
from workers.replay.locator import ARCHIVE_SUFFIXES, REPLAY_SUFFIXES

if TYPE_CHECKING:
    from farm.planning.catalogue import Catalogue


def refuse_nothing(catalogue: Catalogue) -> None:
    """Raise if no file of a scan is a replay, whether wanted or not.

    Raises:
        EnvironmentFailed: there is no replay; the message has the number of files read, and why none is a
            replay.
    """
    if catalogue.games or catalogue.num_beyond or any(left.game_id for left in catalogue.left_out):
        return
    num_files = len(catalogue.left_out) + catalogue.num_passed_over
    counts = Counter(str(left.reason) for left in catalogue.left_out)
    whys = [f"{count:,} {reason}" for reason, count in sorted(counts.items())]
    if catalogue.num_passed_over:
        names = ", ".join((*REPLAY_SUFFIXES, *ARCHIVE_SUFFIXES))
        whys.append(f"{catalogue.num_passed_over:,} passed over, as their names do not end in {names}")
    if catalogue.left_out:
        first = catalogue.left_out[0]
        whys.append(f"the first is {first.source}: {first.detail}")
    message = f"no replay among {num_files:,} files looked at; name another place with --replays"
    raise EnvironmentFailed("; ".join([message, *whys]))
