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
    """One game to do, as the scheduler sees it: small and picklable."""

    @property
    def game_id(self) -> str:
        """Sha256 of the replay's bytes, hex."""

    @property
    def num_frames(self) -> int:
        """Length of the game: what it costs, and so its place in the queue."""

    def for_attempt(self, number: int, *, is_last: bool) -> Self:
        """Return the task as its `number`-th attempt, from 1; `is_last` if no other follows its failure."""

    def as_canary(self) -> Self:
        """Return the task as one by which a kind of machine is judged, so that its result tells of that."""


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
        """Why not committed; None where it was."""

    @property
    def detail(self) -> str:
        """The particulars, in one line."""

    @property
    def num_frames(self) -> int:
        """Frames committed, or the game's length where it was not."""


class JobSettings(Protocol):
    """What is the same for every game of a run: small and picklable."""

    @property
    def scratch_base(self) -> Path | None:
        """Where jobs make scratch folders, which slots sweep; None for the machine's default."""


TaskT = TypeVar("TaskT", bound=Task)
ResultT = TypeVar("ResultT", bound=Result)
SettingsT = TypeVar("SettingsT", bound=JobSettings)
TaskT_contra = TypeVar("TaskT_contra", bound=Task, contravariant=True)

Job: TypeAlias = "Callable[[TaskT, SettingsT], ResultT]"


class Breakage(StrEnum):
    """Why a job ended without a result. What follows from each is `farm.engine.attempts`' matter."""

    WORKER_DIED = "worker_died"  # killed, out of memory, or an error that is a bug of ours
    NODE_LOST = "node_lost"  # its machine went away: not the game's fault
    GIVEN_BACK = "given_back"  # its machine is about to go away (spot notice) and the game would not finish
    OVERDUE = "overdue"  # we ended it: over the attempt's hard limit
    ENVIRONMENT = "environment"  # the machine or the output cannot do the work: not the game's fault


@dataclass(frozen=True, slots=True)
class SlotOpened:
    """A new slot is ready for a job. Names are never used twice.

    Attributes:
        slot: the slot's name.
        node: the machine that it is on.
        kind: what that machine is, in words; machines of one kind are alike.
    """

    slot: str
    node: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SlotClosed:
    """An idle slot is gone: recycled, its node drained or lost. It had no job."""

    slot: str


@dataclass(frozen=True, slots=True)
class JobReturned:
    """The slot's job returned; the slot is free."""

    slot: str
    result: Result


@dataclass(frozen=True, slots=True)
class JobBroke:
    """The slot's job ended without a result, and the slot with it."""

    slot: str
    breakage: Breakage
    detail: str


Event: TypeAlias = SlotOpened | SlotClosed | JobReturned | JobBroke


class Pool(Protocol[TaskT_contra]):
    """Slots on some machines. A context manager: leaving it ends every process it started, busy or not."""

    def start(self, slot: str, task: TaskT_contra) -> None:
        """Begin the task on an open, free slot; returns at once.

        Raises:
            KeyError: if there is no such slot, which is the caller's mistake.
        """

    def events(self, timeout_seconds: float) -> list[Event]:
        """What happened since the last call, in order; waits at most `timeout_seconds` for the first.

        Raises:
            EnvironmentFailed: if no slot can be had at all.
        """

    def kill(self, slot: str) -> None:
        """End the slot and its job now. No event follows; a new slot opens by itself."""

    def want(self, num_slots: int) -> None:
        """Say how many slots can still be of use, so that a pool that grows and shrinks may do so."""

    def __enter__(self) -> Self:
        """Begin to open slots; `events` says which are open."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every slot and its job, and wait until they are gone."""
