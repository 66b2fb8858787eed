"""The contract of a pool, which runs jobs on slots: slots open and close, and each job ends in an event.

    Pool.events() -> SlotOpened -> Pool.start(slot, task) -> JobReturned  the slot is free again
                                                          or JobBroke     the slot is gone; a new one opens

One slot runs one job at a time. `farm.pools.local_pool` has slots on this machine, `farm.pools.ray_pool` on a
cluster; the job itself is `workers.job.render_game` for both and knows neither.
`tests/farm/pools/test_pools.py` holds every implementation to this page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from manifests.ledger.reasons import Reason


class Task(Protocol):
    """One game to render, as the scheduler sees it: small and picklable."""

    @property
    def game_id(self) -> str:
        """Sha256 of the replay's bytes, hex."""

    @property
    def num_frames(self) -> int:
        """Length of the game, which decides its cost and so its place in the queue."""

    def for_attempt(self, number: int, *, is_last: bool) -> Self:
        """Return the task as its `number`-th attempt, from 1; `is_last` if no attempt follows its failure."""

    def as_canary(self) -> Self:
        """Return the task as a canary, whose result tells how its kind of machine does."""


class Result(Protocol):
    """What a job hands back: a small record, never a picture or a path to one."""

    @property
    def game_id(self) -> str:
        """The game_id of the task."""

    @property
    def status(self) -> str:
        """`committed`, `set_aside`, `already_done`, or `attempt_failed`: nothing was written, try again."""

    @property
    def reason(self) -> Reason | None:
        """Why the game was not committed; None if it was."""

    @property
    def detail(self) -> str:
        """The particulars, in one line."""

    @property
    def num_frames(self) -> int:
        """Number of frames committed, or the game's length if it was not committed."""


class JobSettings(Protocol):
    """The settings that are the same for every game of a run: small and picklable."""

    @property
    def scratch_base(self) -> Path | None:
        """Where jobs make scratch folders, which slots sweep; None for the machine's default."""


TaskT = TypeVar("TaskT", bound=Task)
ResultT = TypeVar("ResultT", bound=Result)
SettingsT = TypeVar("SettingsT", bound=JobSettings)
TaskT_contra = TypeVar("TaskT_contra", bound=Task, contravariant=True)

Job: TypeAlias = "Callable[[TaskT, SettingsT], ResultT]"


class Breakage(StrEnum):
    """Why a job ended without a result. `farm.engine.attempts` decides what follows from each."""

    # The process was killed, out of memory, or met an error that is a bug of ours
    WORKER_DIED = "worker_died"
    NODE_LOST = "node_lost"  # the job's machine went away: not the game's fault
    GIVEN_BACK = "given_back"  # the machine is about to go away (spot notice) and the game would not finish
    OVERDUE = "overdue"  # we ended the job: it was over the attempt's hard limit
    ENVIRONMENT = "environment"  # the machine or the output cannot do the work: not the game's fault


@dataclass(frozen=True, slots=True)
class SlotOpened:
    """A new slot is ready for a job. Names are never used twice.

    Attributes:
        slot: the slot's name.
        node: the machine that the slot is on.
        kind: the kind of that machine, in words; machines of one kind are alike.
    """

    slot: str
    node: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SlotClosed:
    """An idle slot is gone: it was recycled, or its node was drained or lost. It had no job."""

    slot: str


@dataclass(frozen=True, slots=True)
class JobReturned:
    """The slot's job returned; the slot is free."""

    slot: str
    result: Result


@dataclass(frozen=True, slots=True)
class JobBroke:
    """The slot's job ended without a result, and the slot ended with it."""

    slot: str
    breakage: Breakage
    detail: str


Event: TypeAlias = SlotOpened | SlotClosed | JobReturned | JobBroke


class Pool(Protocol[TaskT_contra]):
    """Slots on some machines. A context manager: leaving it ends every process that it started."""

    def start(self, slot: str, task: TaskT_contra) -> None:
        """Begin the task on an open, free slot, and return at once.

        Raises:
            KeyError: if there is no such slot, which is the caller's mistake.
        """

    def events(self, timeout_seconds: float) -> list[Event]:
        """Return the events since the last call, in order; wait at most `timeout_seconds` for the first.

        Raises:
            EnvironmentFailed: if it is impossible to open any slot.
        """

    def kill(self, slot: str) -> None:
        """End the slot and its job now. No event follows; a new slot opens in its place."""

    def want(self, num_slots: int) -> None:
        """Say how many slots can still be used, so that the pool can grow or shrink."""

    def __enter__(self) -> Self:
        """Begin to open slots; `events` reports each that is open."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every slot and its job, and wait until they are gone."""
