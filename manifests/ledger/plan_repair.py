"""Repair plan files that give one file number to two games, or one game two places.

Two planners can leave such files where the store could not say who came first, and so can whoever puts back
an old plan file. The earlier plan keeps its numbers. Games of a later one get numbers that no plan has given.
"""

from __future__ import annotations

import dataclasses
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manifests.ledger.plan import PlannedGame, games_in_plan, plan_numbers
from manifests.ledger.plan_file import open_plan, plan_bytes
from manifests.store.claim import claimed
from manifests.store.keys import plan_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class PlanOfFile:
    """The games of one plan file, with what else the file says."""

    number: int
    frames_per_chunk: int
    next_file_number: int
    games: tuple[PlannedGame, ...]


@dataclass
class Repaired:
    """What the plan files should be.

    Attributes:
        plans: all of them, repaired.
        changed: the numbers of those that are not so yet.
        game_ids: the games that get other numbers, or lose a second place.
    """

    plans: list[PlanOfFile] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    game_ids: list[str] = field(default_factory=list)

    def games(self) -> list[PlannedGame]:
        """All games as planned after the repair, in order of game_id."""
        return list(heapq.merge(*(plan.games for plan in self.plans), key=lambda game: game.game_id))


def read_plans(store: Store) -> list[PlanOfFile]:
    """Read all plan files whole.

    Raises:
        RecordRefused: one is missing, or was changed after it was written.
    """
    plans = []
    for number in plan_numbers(store):
        with open_plan(store, number) as plan:
            games = tuple(games_in_plan(plan, f"{store.url}/{plan_key(number)}"))
            plans.append(PlanOfFile(number, plan.frames_per_chunk, plan.next_file_number, games))
    return plans


def without_shared_numbers(plans: Iterable[PlanOfFile]) -> Repaired:
    """Give every game one place and file numbers of its own; games that have both keep what they have."""
    plans = list(plans)
    unused = max((plan.next_file_number for plan in plans), default=0)
    repaired, taken, seen = Repaired(), set[int](), set[str]()
    for plan in plans:
        games = []
        for game in plan.games:
            if game.game_id in seen:
                repaired.game_ids.append(game.game_id)
                continue
            seen.add(game.game_id)
            if not taken.isdisjoint(game.file_numbers):
                repaired.game_ids.append(game.game_id)
                games.append(dataclasses.replace(game, first_file_number=unused))
                unused += game.num_chunks
            else:
                games.append(game)
            taken.update(games[-1].file_numbers)
        fixed = dataclasses.replace(plan, games=tuple(games))
        if fixed != plan:
            fixed = dataclasses.replace(fixed, next_file_number=unused)
            repaired.changed.append(plan.number)
        repaired.plans.append(fixed)
    return repaired


def write_repaired(store: Store, repaired: Repaired) -> None:
    """Replace the plan files that are not as they should be; nobody may plan or render meanwhile.

    It is the one exception from the rule that a plan file never changes. If it is cut short, some files are
    repaired and the others are not: doing all of it again does the rest.

    Raises:
        StoreFailed: the store failed, or another process plans.
    """
    with claimed(store, "plan"):
        for plan in repaired.plans:
            if plan.number in repaired.changed:
                data = plan_bytes(plan.games, plan.frames_per_chunk, plan.next_file_number)
                store.put(plan_key(plan.number), data)
