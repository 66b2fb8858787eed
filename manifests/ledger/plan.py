"""The plan: which games are rendered, in which order and split, and which file numbers their chunks get.

Every chunk gets its file number in the plan, before anything is rendered. A plan file is never changed. Games
that are added later go into the next plan file, and get the numbers after the last ones. Within a plan file
games are ordered by game_id: this order is as good as random, the same on every machine, and the order in
which a store lists the ledger. So one walk along both, whatever their length, tells which games are left to
do (`pending_games`).
"""

from __future__ import annotations

import heapq
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.ledger.entry import done_game_ids
from manifests.ledger.tables import SCHEMA_VERSION, arrow_schema
from manifests.store.claim import claimed
from manifests.store.keys import PLAN_PREFIX, check_game_id, plan_key, plan_number_of
from manifests.store.object_file import open_parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manifests.store.contract import Store

_NEXT_FILE_NUMBER: Final = b"dolphin_farm.next_file_number"
_FRAMES_PER_CHUNK: Final = b"dolphin_farm.frames_per_chunk"
_VERSION: Final = b"dolphin_farm.schema_version"
_ROWS_PER_GROUP: Final = 10_000


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
        match_key: keyed hash of what Slippi's servers call the game; None if they did not arrange it, and in
            plans of old.
        play_key: hash of how the game begins, which two recordings of one game share; None in plans of old.
        play_sha256: hash of how the whole game went, without how often a frame was written; None in plans of
            old.

    Raises:
        ValueError: game_id is no sha256, there are no frames, or the split is empty.
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
    """A game of the plan, whose chunk number k has the file number `first_file_number + k`.

    Attributes:
        num_chunks: number of chunks that it becomes.
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
    """Count the chunks that a game of `num_frames` becomes; all are full but the last.

    Raises:
        ValueError: one of the two is not above zero.
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
        ValueError: a game_id is there twice.
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

    If there are no such games, nothing is written. Two simultaneous callers get plan files, and file numbers,
    one after the other; where the store cannot say who came first, one of them or both are refused.

    Raises:
        ValueError: a game_id is twice among `games`.
        RecordRefused: an older plan file is of another schema, or cuts games into chunks of another length.
        StoreFailed: another process plans, and the store cannot say who came first.
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
            if not planned or store.put_if_absent(plan_key(number), _to_parquet(planned, frames_per_chunk)):
                return planned


def _what_is_new(
    store: Store, wanted: dict[str, PlannedGame], frames_per_chunk: int
) -> tuple[int, tuple[PlannedGame, ...]]:
    """Drop from `wanted` what is planned; return the next plan's number, and the rest with their numbers."""
    numbers, next_file_number = plan_numbers(store), 0
    for number in numbers:
        with _plan_file(store, number) as plan:
            plan.check_frames_per_chunk(frames_per_chunk)
            next_file_number = plan.next_file_number
            for game in plan.games():
                wanted.pop(game.game_id, None)
    planned = number_games(wanted.values(), frames_per_chunk, next_file_number)
    return numbers[-1] + 1 if numbers else 0, planned


def plan_numbers(store: Store) -> list[int]:
    """List the numbers of all plan files, ascending."""
    found = (plan_number_of(info.key) for info in store.list(PLAN_PREFIX))
    return sorted(number for number in found if number is not None)


def planned_games(store: Store) -> Iterator[PlannedGame]:
    """Yield every planned game of all plan files, in order of game_id, without holding them in memory.

    Raises:
        RecordRefused: a plan file is of another schema.
    """
    plans = [_games_of(store, number) for number in plan_numbers(store)]
    return heapq.merge(*plans, key=lambda game: game.game_id)


def pending_games(store: Store) -> Iterator[PlannedGame]:
    """Yield every planned game without a ledger entry, in order of game_id.

    It walks once along the plan and along one listing of the ledger, and holds neither in memory.

    Raises:
        RecordRefused: a plan file is of another schema.
    """
    return without_done(planned_games(store), done_game_ids(store))


def without_done(planned: Iterable[PlannedGame], done: Iterable[str]) -> Iterator[PlannedGame]:
    """Yield the planned games whose game_id is not among `done`; both must ascend by game_id."""
    # A merge of two ascending streams: each is walked once, however long.
    remaining = iter(done)
    newest = next(remaining, None)
    for game in planned:
        while newest is not None and newest < game.game_id:
            newest = next(remaining, None)
        if newest != game.game_id:
            yield game


class _PlanFile:
    """An open plan file whose schema version was checked."""

    def __init__(self, where: str, file: pq.ParquetFile) -> None:
        self._where, self._file = where, file
        self._metadata = file.schema_arrow.metadata or {}
        found = self._metadata.get(_VERSION, b"none").decode("ascii", "replace")
        if found != str(SCHEMA_VERSION):
            message = f"{where}: schema version {found}; this program reads {SCHEMA_VERSION}"
            raise RecordRefused(message)

    @property
    def next_file_number(self) -> int:
        return int(self._metadata[_NEXT_FILE_NUMBER])

    def check_frames_per_chunk(self, frames_per_chunk: int) -> None:
        found = int(self._metadata[_FRAMES_PER_CHUNK])
        if found != frames_per_chunk:
            message = (
                f"{self._where}: planned with {found} frames per chunk, not {frames_per_chunk}; keep {found}"
            )
            raise RecordRefused(message)

    def games(self) -> Iterator[PlannedGame]:
        for batch in self._file.iter_batches(_ROWS_PER_GROUP, use_threads=False):
            for row in batch.to_pylist():
                row["characters"] = tuple(row["characters"])
                row["player_hashes"] = tuple(row["player_hashes"])
                yield PlannedGame(**row)


@contextmanager
def _plan_file(store: Store, number: int) -> Iterator[_PlanFile]:
    with open_parquet(store, plan_key(number)) as file:
        yield _PlanFile(f"{store.url}/{plan_key(number)}", file)


def _games_of(store: Store, number: int) -> Iterator[PlannedGame]:
    with _plan_file(store, number) as plan:
        yield from plan.games()


def _to_parquet(planned: tuple[PlannedGame, ...], frames_per_chunk: int) -> bytes:
    schema = arrow_schema("plan")
    last = planned[-1]
    metadata = {
        **schema.metadata,
        _FRAMES_PER_CHUNK: str(frames_per_chunk).encode(),
        _NEXT_FILE_NUMBER: str(last.file_numbers.stop).encode(),
    }
    columns = {name: [getattr(game, name) for game in planned] for name in schema.names}
    table = pa.table(columns, schema=schema.with_metadata(metadata))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=_ROWS_PER_GROUP, write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data
