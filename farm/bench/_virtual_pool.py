"""Simulated machines in virtual time: a pool as in farm.engine.pool, whose games last as a model says.

Nothing is rendered and nothing waits: `events` moves the clock to the next event. Nodes come, some of them
late; spot machines go, most with a notice, and others take their places; attempts fail. All that happens
follows from a seed, so it is the same every time.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from farm.engine.attempts import ATTEMPT_FAILED
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from farm.engine.pool import Event

LONGEST_STEP_SECONDS: Final = 5.0
"""Longest step of the clock without an event; on a real clock the engine wakes four times a second."""
# As in farm.pools.ray_pool: a game is given back this long before its machine goes.
_MARGIN_SECONDS: Final = 10.0
_DOUBT_SECONDS: Final = 30.0  # likewise: how long until a machine that went without notice is taken as lost
_REOPEN_SECONDS: Final = 8.0  # for a new process to import everything


@dataclass(frozen=True, slots=True)
class SimulatedGame:
    """A game of some length; if `is_hopeless`, every attempt at it fails."""

    game_id: str
    num_frames: int
    is_hopeless: bool = False
    is_last: bool = False

    def for_attempt(self, number: int, *, is_last: bool) -> SimulatedGame:  # noqa: ARG002 - the protocol's
        """Return the game, with a note whether another attempt would follow."""
        return SimulatedGame(self.game_id, self.num_frames, self.is_hopeless, is_last)

    def as_canary(self) -> SimulatedGame:
        """Return the game itself: a canary lasts as long as any other."""
        return self


@dataclass(frozen=True, slots=True)
class SimulatedResult:
    """The end of an attempt at a game."""

    game_id: str
    status: str
    num_frames: int
    reason: Reason | None = None
    detail: str = "simulated"


@dataclass(frozen=True, slots=True)
class SimulatedFarm:
    """A model of the machines of a run, and of what goes wrong on them.

    Attributes:
        num_nodes, slots_per_node: machines, and emulators on each.
        frames_per_second: pace of one slot of a usual machine.
        start_seconds: time that every attempt takes before its first frame.
        node_spread, game_spread: standard deviation of the pace's logarithm, between machines and between
            games.
        failing_share: share of attempts that come back without a result, at any moment of the game.
        dying_share: share of attempts whose worker dies, at any moment of the game.
        late_share, late_seconds: share of the machines that come late, and the most that they are late.
        node_life_seconds: mean life of a machine; infinite if the cloud takes none back.
        notice_seconds: from the cloud's notice until the machine goes.
        unannounced_share: share of losses without a notice.
        replacement_seconds: mean time until another machine takes the place of one that went.
    """

    num_nodes: int
    slots_per_node: int
    frames_per_second: float = 40.0
    start_seconds: float = 4.0
    node_spread: float = 0.05
    game_spread: float = 0.10
    failing_share: float = 0.01
    dying_share: float = 0.002
    late_share: float = 0.25
    late_seconds: float = 900.0
    node_life_seconds: float = 6 * 3600.0
    notice_seconds: float = 120.0
    unannounced_share: float = 0.2
    replacement_seconds: float = 300.0


@dataclass(slots=True)
class _Node:
    pace: float
    came_at: float
    goes_at: float = math.inf
    notice_at: float = math.inf
    is_silent: bool = False  # gone without a notice, and not yet noticed


@dataclass(slots=True)
class _Slot:
    node: str
    task: SimulatedGame | None = None
    started: float = 0.0
    # Counts the slot's jobs, so that the end of an aborted job is not taken for that of a later one.
    number: int = 0


_Happening: TypeAlias = "Callable[[], list[Event]]"


class VirtualPool:
    """A `farm.engine.pool.Pool` of simulated slots; `now` is its clock."""

    def __init__(self, farm: SimulatedFarm, seed: int = 0) -> None:
        self._farm = farm
        self._random = random.Random(seed)
        self._due: list[tuple[float, int, _Happening]] = []
        self._order = itertools.count()
        self._nodes: dict[str, _Node] = {}
        self._paces: dict[str, float] = {}  # also of machines that are gone
        self._slots: dict[str, _Slot] = {}
        self._seconds = 0.0
        self.useful_seconds = self.lost_seconds = 0.0
        """Seconds that a usual slot would take for the games that ended well, and for attempts in vain."""
        self._longest = 0.0  # the same for one game
        self._presence: list[tuple[float, float, float]] = []

    def now(self) -> float:
        """Seconds since the run began."""
        return self._seconds

    def presence(self) -> list[tuple[float, float, float]]:
        """Return for each machine when it came, when it went, and how many usual slots it is worth.

        A machine that is still there went now.
        """
        return self._presence + [
            (node.came_at, self._seconds, node.pace * self._farm.slots_per_node)
            for node in self._nodes.values()
        ]

    @property
    def longest_seconds(self) -> float:
        """Seconds that the longest game takes on the fastest machine that there was."""
        return self._longest / max(self._paces.values())

    def __enter__(self) -> Self:
        """Let the machines of the farm come."""
        for _ in range(self._farm.num_nodes):
            is_late = self._random.random() < self._farm.late_share and self._due
            self._later(self._random.uniform(0, self._farm.late_seconds) if is_late else 0.0, self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: there is no process to end."""

    def want(self, num_slots: int) -> None:
        """Do nothing: the machines stay until the end, so that all their time counts."""

    def start(self, slot: str, task: SimulatedGame) -> None:
        """Draw how the attempt at a game goes, and how long it lasts."""
        chosen = self._slots[slot]
        chosen.task, chosen.started = task, self._seconds
        chosen.number += 1
        if self._nodes[chosen.node].is_silent:
            return
        farm, chance = self._farm, self._random.random()
        noise = self._random.lognormvariate(-(farm.game_spread**2) / 2, farm.game_spread)
        pace = farm.frames_per_second * self._nodes[chosen.node].pace
        whole = farm.start_seconds + task.num_frames / pace * noise
        number, until_broken = chosen.number, whole * self._random.random()
        if chance < farm.dying_share:
            self._later(until_broken, lambda: self._die(slot, number))
        elif task.is_hopeless:
            self._later(whole, lambda: self._return(slot, number, is_good=False))
        elif chance < farm.dying_share + farm.failing_share:
            self._later(until_broken, lambda: self._return(slot, number, is_good=False))
        else:
            self._later(whole, lambda: self._return(slot, number, is_good=True))

    def events(self, timeout_seconds: float) -> list[Event]:  # noqa: ARG002 - see LONGEST_STEP_SECONDS
        """Move the clock to the next event, and return the events of that moment."""
        limit = self._seconds + LONGEST_STEP_SECONDS
        found: list[Event] = []
        while self._due and not found and self._due[0][0] <= limit:
            self._seconds, _, happen = heapq.heappop(self._due)
            found = happen()
        if not found:
            self._seconds = limit
        return found

    def kill(self, slot: str) -> None:
        """End a slot's job; another slot opens on the same machine."""
        node = self._slots[slot].node
        self._end_job(slot)
        del self._slots[slot]
        self._later(_REOPEN_SECONDS, lambda: self._open(node))

    def _later(self, seconds: float, happen: _Happening) -> None:
        heapq.heappush(self._due, (self._seconds + seconds, next(self._order), happen))

    def _come(self) -> list[Event]:
        farm = self._farm
        name = f"node-{next(self._order)}"
        node = _Node(self._random.lognormvariate(0, farm.node_spread), self._seconds)
        self._nodes[name], self._paces[name] = node, node.pace
        if math.isfinite(farm.node_life_seconds):
            life = self._random.expovariate(1 / farm.node_life_seconds)
            node.goes_at = self._seconds + life
            if self._random.random() < farm.unannounced_share:
                self._later(life, lambda: self._vanish(name))
            else:
                node.notice_at = max(node.goes_at - farm.notice_seconds, self._seconds)
                self._later(node.notice_at - self._seconds, lambda: self._take_notice(name))
                self._later(life - min(_MARGIN_SECONDS, life), lambda: self._leave(name))
        return [event for _ in range(farm.slots_per_node) for event in self._open(name)]

    def _open(self, node: str) -> list[Event]:
        if node not in self._nodes or self._seconds >= self._nodes[node].notice_at:
            return []
        name = f"slot-{next(self._order)}"
        self._slots[name] = _Slot(node)
        return [SlotOpened(name, node, "simulated")]

    def _take_notice(self, node: str) -> list[Event]:
        """Close the machine's free slots; its busy slots may finish their games until it goes."""
        free = [name for name, slot in self._slots.items() if slot.node == node and slot.task is None]
        for name in free:
            del self._slots[name]
        return [SlotClosed(name) for name in free]

    def _leave(self, node: str) -> list[Event]:
        """Give back the games that did not finish before the machine goes."""
        return self._go(node, Breakage.GIVEN_BACK, self._nodes[node].goes_at)

    def _vanish(self, node: str) -> list[Event]:
        """Lose a machine without a notice: nobody knows yet, and its slots just do not answer."""
        for slot in self._slots.values():
            slot.number += 1 if slot.node == node else 0  # no job that ran there will end
        self._nodes[node].is_silent = True
        went_at = self._seconds
        self._later(_DOUBT_SECONDS, lambda: self._go(node, Breakage.NODE_LOST, went_at))
        return []

    def _go(self, node: str, breakage: Breakage, went_at: float) -> list[Event]:
        gone = self._nodes.pop(node)
        self._presence.append((gone.came_at, went_at, gone.pace * self._farm.slots_per_node))
        self._later(self._farm.replacement_seconds * self._random.uniform(0.5, 1.5), self._come)
        found: list[Event] = []
        for name in [name for name, slot in self._slots.items() if slot.node == node]:
            is_busy = self._end_job(name)
            del self._slots[name]
            found.append(JobBroke(name, breakage, "simulated") if is_busy else SlotClosed(name))
        return found

    def _end_job(self, slot: str) -> bool:
        """Count the time of a job without a result; return whether there was a job."""
        ended = self._slots[slot]
        if ended.task is None:
            return False
        self.lost_seconds += (self._seconds - ended.started) * self._paces[ended.node]
        ended.task = None
        return True

    def _is_gone(self, slot: str, number: int) -> bool:
        return slot not in self._slots or self._slots[slot].number != number

    def _die(self, slot: str, number: int) -> list[Event]:
        if self._is_gone(slot, number):
            return []
        node = self._slots[slot].node
        self._end_job(slot)
        del self._slots[slot]
        self._later(_REOPEN_SECONDS, lambda: self._open(node))
        return [JobBroke(slot, Breakage.WORKER_DIED, "simulated")]

    def _return(self, slot: str, number: int, *, is_good: bool) -> list[Event]:
        if self._is_gone(slot, number):
            return []
        ended = self._slots[slot]
        task = ended.task
        assert task is not None, "it has a job of that number"
        if is_good:
            result = SimulatedResult(task.game_id, "committed", task.num_frames)
            used = (self._seconds - ended.started) * self._paces[ended.node]
            self.useful_seconds += used
            self._longest = max(self._longest, used)
            ended.task = None
        else:
            status = "set_aside" if task.is_last else ATTEMPT_FAILED
            result = SimulatedResult(task.game_id, status, task.num_frames, Reason.MISALIGNED)
            self._end_job(slot)
        found: list[Event] = [JobReturned(slot, result)]
        if self._seconds >= self._nodes[ended.node].notice_at:
            del self._slots[slot]
            found.append(SlotClosed(slot))
        return found
