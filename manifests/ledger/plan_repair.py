"""Repair plan files that give one file number to two games, or plan one game twice.

Such files can arise when two processes plan on a store that cannot say who came first, or when somebody puts
back an old plan file. The earlier plan keeps its numbers. Games of a later plan get numbers that no plan has
given yet.
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
    """The games of one plan file, with the other values that the file holds."""

    number: int
    frames_per_chunk: int
    next_file_number: int
    games: tuple[PlannedGame, ...]


@dataclass
class Repaired:
    """The plan files as they should be.

    Attributes:
        plans: all plan files, repaired.
        changed: the numbers of the plan files that must be rewritten.
        game_ids: the games that get other numbers, or lose their second place.
    """

    plans: list[PlanOfFile] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    game_ids: list[str] = field(default_factory=list)

    def games(self) -> list[PlannedGame]:
        """All games as planned after the repair, in order of game_id."""
        return list(heapq.merge(*(plan.games for plan in self.plans), key=lambda game: game.game_id))


def read_plans(store: Store) -> list[PlanOfFile]:
    """Read all plan files into memory.

    Raises:
        RecordRefused: a plan file is missing, or was changed after it was written.
    """
    plans = []
    for number in plan_numbers(store):
        with open_plan(store, number) as plan:
            games = tuple(games_in_plan(plan, f"{store.url}/{plan_key(number)}"))
            plans.append(PlanOfFile(number, plan.frames_per_chunk, plan.next_file_number, games))
    return plans


def without_shared_numbers(plans: Iterable[PlanOfFile]) -> Repaired:
    """Give every game one place and file numbers of its own; games that have both keep them."""
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
    """Replace the plan files that need repair; nobody may plan or render meanwhile.

    This is the one exception to the rule that a plan file never changes. If it is interrupted, some files are
    repaired and others are not; running the whole repair again does the rest.

    Raises:
        StoreFailed: the store failed, or another process is planning.
    """
    with claimed(store, "plan"):
        for plan in repaired.plans:
            if plan.number in repaired.changed:
                data = plan_bytes(plan.games, plan.frames_per_chunk, plan.next_file_number)
                store.put(plan_key(plan.number), data)
