"""Look up the planned game of a file number, and whether that game is committed; takes 25 bytes per game."""

from __future__ import annotations

import array
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.ledger.plan import PlannedGame


class FileNumbers:
    """The planned games by file number. In a copy without plan files, every number passes as "unknown"."""

    def __init__(self, games: Iterable[PlannedGame]) -> None:
        # Numbers ascend within a plan file, but the games come merged by game_id; hence the sorting below.
        starts, ends, ids = array.array("q"), array.array("q"), array.array("Q")
        for game in games:
            starts.append(game.file_numbers.start)
            ends.append(game.file_numbers.stop)
            ids.append(_short(game.game_id))
        order = np.argsort(starts, kind="stable")
        self._starts, self._ends, self._ids = (np.array(column)[order] for column in (starts, ends, ids))
        self._is_committed = np.zeros(len(starts), bool)

    def planned_twice(self) -> list[int]:
        """List the file numbers at which the games of two plans overlap: the first number of each overlap."""
        if len(self._starts) < 2:  # noqa: PLR2004 - one game cannot overlap
            return []
        taken_until = np.maximum.accumulate(self._ends)[:-1]
        numbers: list[int] = self._starts[1:][self._starts[1:] < taken_until].tolist()
        return numbers

    def games_planned_twice(self) -> list[str]:
        """List the game_ids that are planned several times, by their first 16 digits."""
        ids, counts = np.unique(self._ids, return_counts=True)
        return [f"{short:016x}" for short in ids[counts > 1].tolist()]

    def commit(self, game_id: str, file_numbers: Sequence[int], *, is_whole: bool = True) -> bool:
        """Record that a game is committed. Returns False if its numbers are not those planned for it.

        Args:
            game_id: the game.
            file_numbers: file numbers of the game's chunks, in order.
            is_whole: whether these numbers must cover all chunks of the game.
        """
        if not len(self._starts):
            return True
        place = self._place(file_numbers[0])
        if place is None or self._ids[place] != _short(game_id):
            return False
        planned = range(int(self._starts[place]), int(self._ends[place]))
        if is_whole and list(file_numbers) != list(planned):
            return False
        self._is_committed[place] = True
        return True

    def owner_of(self, file_number: int) -> str:
        """Return the state of the number's game: "committed", "unfinished" or, if in no plan, "unknown"."""
        place = self._place(file_number)
        if place is None:
            return "unknown"
        return "committed" if self._is_committed[place] else "unfinished"

    def _place(self, file_number: int) -> int | None:
        place = int(np.searchsorted(self._starts, file_number, side="right")) - 1
        return place if place >= 0 and file_number < self._ends[place] else None


def _short(game_id: str) -> int:
    """Return the first 64 bits of a game_id: enough to tell games apart, and an eighth of the memory."""
    return int(game_id[:16], 16)
