"""The plan: which games are rendered, in which order and split, and which file numbers their chunks get.

Every chunk gets its file number in the plan, before anything is rendered. Only `plan_repair.py` ever changes
a plan file. Games that are added later go into the next plan file, and get the numbers after the last ones.
Within a plan file games are ordered by game_id: this order is as good as random, the same on every
machine, and also the order in which a store lists the ledger. So one walk along both, whatever their length,
finds the games that are left to do (`pending_games`).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manifests.errors import RecordRefused
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan_file import PlanFile, open_plan, plan_bytes
from manifests.store.claim import claimed
from manifests.store.keys import PLAN_PREFIX, check_game_id, plan_key, plan_number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class GameToPlan:
    """A game that passed the catalogue and has no numbers yet.

    Attributes:
        game_id: sha256 of the replay's bytes, 64 hexadecimal digits.
        source: where the worker that renders it finds the replay.
        num_frames: number of rows of its state table.
        split: train, val or test.
        stage_name: the stage, as libmelee names it.
        characters: names of the characters, in order of ports.
        player_hashes: keyed hash of each player, in order of ports; None where the replay names nobody.
        match_key: keyed hash of the name that Slippi's servers gave to the game; None if they did not arrange
            it, and in old plans.
        play_key: hash of how the game begins, which two recordings of one game share; None in old plans.
        play_sha256: hash of how the whole game went, regardless of how often each frame was written; None in
            old plans.

    Raises:
        ValueError: game_id is not a sha256, there are no frames, or the split is empty.
    """

    game_id: str
    source: str
    num_frames: int
    split: str
    stage_name: str
    characters: tuple[str, ...]
    player_hashes: tuple[str | None, ...]
    match_key: str | None = field(default=None, kw_only=True)
    play_key: str | None = field(default=None, kw_only=True)
    play_sha256: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_game_id(self.game_id)
        if self.num_frames < 1 or not self.split:
            message = f"a planned game has frames and a split, got {self.num_frames} and {self.split!r}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class PlannedGame(GameToPlan):
    """A game of the plan; its chunk k, counted from 0, has the file number `first_file_number + k`.

    Attributes:
        num_chunks: number of chunks that the game is cut into.
        first_file_number: file number of its first chunk.

    Raises:
        ValueError: there are no chunks, the number is negative, or `GameToPlan` is not valid.
    """

    num_chunks: int
    first_file_number: int

    def __post_init__(self) -> None:
        GameToPlan.__post_init__(self)
        if self.num_chunks < 1 or self.first_file_number < 0:
            message = (
                f"a planned game has 1 chunk or more, and file numbers from 0 on; got {self.num_chunks} "
                f"chunks from file number {self.first_file_number}"
            )
            raise ValueError(message)

    @property
    def file_numbers(self) -> range:
        """The file numbers of its chunks, in order."""
        return range(self.first_file_number, self.first_file_number + self.num_chunks)


def num_chunks_of(num_frames: int, frames_per_chunk: int) -> int:
    """Count the chunks that a game of `num_frames` is cut into; only the last one may be shorter.

    Raises:
        ValueError: one of the two numbers is not above zero.
    """
    if num_frames < 1 or frames_per_chunk < 1:
        message = f"frames and frames per chunk are above 0, got {num_frames} and {frames_per_chunk}"
        raise ValueError(message)
    return -(-num_frames // frames_per_chunk)


def number_games(
    games: Iterable[GameToPlan], frames_per_chunk: int, next_file_number: int
) -> tuple[PlannedGame, ...]:
    """Order games by game_id and number their chunks from `next_file_number` on, without a gap.

    Raises:
        ValueError: a game_id comes twice.
    """
    planned: list[PlannedGame] = []
    for game in sorted(games, key=lambda game: game.game_id):
        if planned and planned[-1].game_id == game.game_id:
            message = f"game {game.game_id} is there twice: {planned[-1].source} and {game.source}"
            raise ValueError(message)
        num_chunks = num_chunks_of(game.num_frames, frames_per_chunk)
        planned.append(
            PlannedGame(
                game.game_id, game.source, game.num_frames, game.split, game.stage_name, game.characters,
                game.player_hashes, match_key=game.match_key, play_key=game.play_key,
                play_sha256=game.play_sha256, num_chunks=num_chunks, first_file_number=next_file_number,
            )
        )  # fmt: skip
        next_file_number += num_chunks
    return tuple(planned)


def append_plan(store: Store, games: Iterable[GameToPlan], frames_per_chunk: int) -> tuple[PlannedGame, ...]:
    """Put the games that no plan of this dataset has yet into a new plan file; return them, numbered.

    If there are no such games, nothing is written. If two processes call this at the same time, one gets the
    plan file and file numbers after the other's; if the store cannot say who came first, one or both are
    refused.

    Raises:
        ValueError: a game_id comes twice among `games`.
        RecordRefused: an older plan file has another schema, or cuts games into chunks of another length.
        StoreFailed: another process is planning, and the store cannot say who came first.
    """
    wanted = {game.game_id: game for game in number_games(games, frames_per_chunk, 0)}
    while True:
        number, planned = _what_is_new(store, wanted, frames_per_chunk)
        if not planned:
            return ()
        with claimed(store, "plan"):
            if not store.has_conditional_writes:  # somebody may have planned before this claim was made
                number, planned = _what_is_new(store, wanted, frames_per_chunk)
            # If another caller took this plan number meanwhile, its games and numbers must be read first.
            if not planned:
                return ()
            data = plan_bytes(planned, frames_per_chunk, planned[-1].file_numbers.stop)
            if store.put_if_absent(plan_key(number), data):
                return planned


def _what_is_new(
    store: Store, wanted: dict[str, PlannedGame], frames_per_chunk: int
) -> tuple[int, tuple[PlannedGame, ...]]:
    """Drop the planned games from `wanted`; return the next plan's number, and the rest, numbered."""
    numbers, next_file_number = plan_numbers(store), 0
    for number in numbers:
        with open_plan(store, number) as plan:
            plan.check_frames_per_chunk(frames_per_chunk)
            next_file_number = max(next_file_number, plan.next_file_number)
            for game in games_in_plan(plan, f"{store.url}/{plan_key(number)}"):
                wanted.pop(game.game_id, None)
    planned = number_games(wanted.values(), frames_per_chunk, next_file_number)
    return numbers[-1] + 1 if numbers else 0, planned


def plan_numbers(store: Store) -> list[int]:
    """List the numbers of all plan files: 0, 1, 2 and so on.

    Raises:
        RecordRefused: a plan file is missing, although a later one exists.
    """
    found = (plan_number_of(info.key) for info in store.list(PLAN_PREFIX))
    numbers = sorted(number for number in found if number is not None)
    for number, there in enumerate(numbers):
        if number != there:
            message = f"{store.url}/{plan_key(number)}: not there, though {plan_key(there)} is; put it back"
            raise RecordRefused(message)
    return numbers


def planned_games(store: Store) -> Iterator[PlannedGame]:
    """Yield every planned game of all plan files, in order of game_id, without holding them in memory.

    Raises:
        RecordRefused: a plan file has another schema.
    """
    plans = [_games_of(store, number) for number in plan_numbers(store)]
    return heapq.merge(*plans, key=lambda game: game.game_id)


def pending_games(store: Store) -> Iterator[PlannedGame]:
    """Yield every planned game without a ledger entry, in order of game_id.

    This walks once along the plan and along one listing of the ledger, and holds neither in memory.

    Raises:
        RecordRefused: a plan file has another schema.
    """
    return without_done(planned_games(store), done_game_ids(store))


def without_done(planned: Iterable[PlannedGame], done: Iterable[str]) -> Iterator[PlannedGame]:
    """Yield the planned games whose game_id is not among `done`; both must ascend by game_id."""
    # This merges two ascending streams, and walks each of them once, however long it is.
    remaining = iter(done)
    newest = next(remaining, None)
    for game in planned:
        while newest is not None and newest < game.game_id:
            newest = next(remaining, None)
        if newest != game.game_id:
            yield game


def _games_of(store: Store, number: int) -> Iterator[PlannedGame]:
    with open_plan(store, number) as plan:
        yield from games_in_plan(plan, f"{store.url}/{plan_key(number)}")


def games_in_plan(plan: PlanFile, where: str) -> Iterator[PlannedGame]:
    """Yield the games of an open plan file, in order of game_id.

    Raises:
        RecordRefused: a row does not describe a planned game.
    """
    for row in plan.rows():
        try:
            yield PlannedGame(**row)
        except (TypeError, ValueError) as error:
            message = f"{where}: {error}; it was changed after it was written: put a good copy back"
            raise RecordRefused(message) from error
