"""Slots on a Ray cluster: each is a long-lived actor, wherever the cluster offers the resource `dolphin`.

In farm, only this module, `farm.pools.ray_nodes` and `farm.pools.ray_metrics` import Ray. The loop over
running jobs is our own, and so are all retries. Ray restarts and repeats nothing: its ActorPool loses work
when actors die, and its unlimited retries hide a replay that kills its worker. Actors that wait for a place
tell an autoscaler to grow; they vanish with this process, so a run that was killed does not keep machines.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import ray
from ray.exceptions import ActorUnavailableError, RayError, RayTaskError

from farm.engine.pool import (
    Breakage,
    JobBroke,
    JobReturned,
    ResultT,
    SettingsT,
    SlotClosed,
    SlotOpened,
    TaskT,
)
from farm.engine.slot_report import Returned
from farm.pools.head_watch import HEAD_LOST_SECONDS, AllNodesLost, HeadLost
from farm.pools.leftovers import remove_leftovers
from farm.pools.ray_nodes import RESOURCE, NodeWatch, head_probe, on_node
from farm.pools.ray_slot import RaySlot
from farm.pools.slot_guard import start_guard
from workers.errors import EnvironmentFailed
from workers.machine import machine_kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from farm.engine.pool import Event, Job

DOUBT_SECONDS = 30.0  # a lost node is declared dead after about 15 s; until then its slots just do not answer
RETRY_START_SECONDS = 5.0  # after a slot failed to open, until the next try
FAILED_STARTS = 3  # most failed tries in a row, with no slot open anywhere, before the run gives up
NOTICE_MARGIN_SECONDS = 10.0  # a slot's game is given back this long before its machine goes
# How long all nodes together may take to remove scratch folders, starting a process for it.
SWEEP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Place:
    node: str  # Ray's node id, in hex
    kind: str  # kind of that machine, in words


class _Actor(RaySlot):
    """A RaySlot that knows where Ray put it, and that ends when its node's Ray or the head is gone."""

    def __init__(self, job: Job[Any, Any, Any], settings: Any, head_lost_seconds: float) -> None:
        start_guard(head_probe(), head_lost_seconds)
        super().__init__(job, settings)

    def where(self) -> _Place:
        """Return the node and its kind; the answer also says that the slot is open."""
        return _Place(ray.get_runtime_context().get_node_id(), machine_kind())


@dataclass(slots=True)
class _Slot:
    actor: Any  # handle of an _Actor
    ref: Any  # of the call in flight, or None
    started: float
    node: str = ""  # Ray's node id, in hex; empty until the slot is open
    is_busy: bool = False
    num_done: int = 0
    doubted_since: float | None = None  # when the slot stopped answering


class RayPool:
    """A `farm.engine.pool.Pool` on the Ray cluster that `farm.pools.ray_nodes` connected this process to.

    Args:
        job: What a slot does with a task; a function that can be imported on every node.
        settings: Passed to every job.
        num_slots: Slots to ask for; with an autoscaler the most it will grow to. None for all that the
            cluster has.
        recycle_games: A slot's process is replaced after this many games ...
        recycle_seconds: ... or after this time, so that its leaks do not add up.
        watch_notice: Runs on every node with a slot. It waits a while for the cloud's notice that the machine
            will be taken back, and returns the time of that, in seconds of the wall clock, or None.
        is_alone: no node can join this cluster, which this run started on one machine. Once it has no node
            left, `events` raises AllNodesLost.
        head_lost_seconds: How long the head may be silent; then `events` raises HeadLost, and every slot that
            gets no answer from the head ends by itself.

    Raises:
        ValueError: if a number is out of range.
    """

    def __init__(
        self,
        job: Job[TaskT, SettingsT, ResultT],
        settings: SettingsT,
        *,
        num_slots: int | None = None,
        recycle_games: int = 200,
        recycle_seconds: float = 4 * 3600.0,
        watch_notice: Callable[[], float | None] | None = None,
        is_alone: bool = False,
        head_lost_seconds: float = HEAD_LOST_SECONDS,
    ) -> None:
        if (num_slots is not None and num_slots < 1) or recycle_games < 1 or recycle_seconds <= 0:
            message = (
                "num_slots and recycle_games must be at least 1 and recycle_seconds above 0, "
                f"got {num_slots}, {recycle_games}, {recycle_seconds}"
            )
            raise ValueError(message)
        self._order = (job, settings, head_lost_seconds)
        self._num_slots, self._is_alone = num_slots, is_alone
        self._recycle_games, self._recycle_seconds = recycle_games, recycle_seconds
        self._slots: dict[str, _Slot] = {}
        self._names = (f"slot-{number}" for number in itertools.count())
        self._wanted = 0
        self._nodes = NodeWatch(watch_notice, head_lost_seconds=head_lost_seconds)
        self._littered: set[str] = set()  # nodes on which a slot died
        self._failed_starts = 0
        self._next_start = float("-inf")
        self._actor_class: Any = ray.remote(_Actor)

    def __enter__(self) -> Self:
        """Begin to watch the nodes; `want` asks for slots."""
        self._nodes.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every slot, and remove what slots ended by force leave on their machines."""
        slots = list(self._slots.values())
        self._slots.clear()
        if isinstance(error, HeadLost | AllNodesLost):
            self._nodes.stop()
            return  # nobody is left to tell the slots; they end by themselves
        forced = [slot for slot in slots if slot.is_busy or not slot.node]
        for slot in slots:
            ray.kill(slot.actor)
        _wait_all([slot.ref for slot in forced])  # until they are known to be dead
        _, settings, _ = self._order
        # The next slot on a machine sweeps after a slot that died by itself, but there may have been no next
        # slot.
        if littered := {slot.node for slot in forced} | self._littered:
            living = self._nodes.living() or frozenset()
            # If a node's Ray ended but its machine did not, the machine may be another node now: any of those
            # left.
            nodes = living if littered - living else littered
            _wait_all([on_node(remove_leftovers, node, settings.scratch_base) for node in nodes])
        self._nodes.stop()

    def want(self, num_slots: int) -> None:
        """Ask for this many slots, within the allowed number; close idle slots beyond that."""
        self._wanted = num_slots

    def start(self, slot: str, task: TaskT) -> None:
        """Send a task to the slot's actor; the dashboard shows the call under the game's id."""
        chosen = self._slots[slot]
        chosen.is_busy = True
        chosen.ref = chosen.actor.run.options(name=f"game {task.game_id[:12]}").remote(task)

    def kill(self, slot: str) -> None:
        """End the slot's process; the next call of `events` asks for another."""
        killed = self._slots.pop(slot)
        self._littered.add(killed.node)
        ray.kill(killed.actor)

    def events(self, timeout_seconds: float) -> list[Event]:
        """Wait for reports of the slots; return them as events, with slots that were lost or must close."""
        now = time.monotonic()
        self._nodes.refresh()
        if self._is_alone and self._nodes.is_empty:
            message = (
                "the cluster that this run started on this machine has ended under it (was its raylet "
                "killed, or is the machine out of memory?); what is committed stays: run the same command "
                "again"
            )
            raise AllNodesLost(message)
        self._open_slots(now)
        found = [*self._close_idle(), *self._give_back(), *self._end_doubt(now)]
        refs = {slot.ref: name for name, slot in self._slots.items() if slot.ref is not None}
        if not refs:
            if not found:
                time.sleep(timeout_seconds)  # nothing is in flight; the caller's tick is the only clock
            return found
        ready, _ = ray.wait(list(refs), num_returns=1, timeout=0 if found else timeout_seconds)
        if ready:  # one is ready; a wait for more would have waited for all of them
            ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0)
        for ref in ready:
            found += self._take(refs[ref], ref)
        return found

    def _open_slots(self, now: float) -> None:
        """Ask for actors up to the wanted and allowed number; they wait until a node has room."""
        allowed = self._num_slots if self._num_slots is not None else self._nodes.capacity
        missing = min(self._wanted, allowed) - len(self._slots)
        if missing <= 0 or now < self._next_start:
            return
        for name in itertools.islice(self._names, missing):
            actor = self._actor_class.options(
                name=name,
                num_cpus=0,
                resources={RESOURCE: 1},
                max_restarts=0,
                max_task_retries=0,
                scheduling_strategy="SPREAD",
            ).remote(*self._order)
            self._slots[name] = _Slot(actor, actor.where.remote(), now)

    def _close_idle(self) -> list[Event]:
        """Close free slots that are no longer of use: too many, or on a machine that is about to go."""
        closed: list[Event] = []
        for name, slot in list(self._slots.items()):
            if not slot.is_busy and (len(self._slots) > self._wanted or slot.node in self._nodes.leaving):
                closed += self._close(name)
        return closed

    def _close_if_spent(self, name: str) -> list[Event]:
        """Close a free slot that has done enough games or is old enough; another opens in its place."""
        slot = self._slots[name]
        is_old = time.monotonic() >= slot.started + self._recycle_seconds
        return self._close(name) if is_old or slot.num_done >= self._recycle_games else []

    def _close(self, name: str) -> list[Event]:
        slot = self._slots.pop(name)
        ray.kill(slot.actor)
        return [SlotClosed(name)] if slot.node else []  # a slot without a node never opened

    def _give_back(self) -> list[Event]:
        """End jobs that would not finish before their machine goes."""
        found: list[Event] = []
        for name, slot in list(self._slots.items()):
            goes_at = self._nodes.leaving.get(slot.node, float("inf"))
            if slot.is_busy and time.time() >= goes_at - NOTICE_MARGIN_SECONDS:
                found += self._break(name, Breakage.GIVEN_BACK, "its machine is being taken back")
        return found

    def _end_doubt(self, now: float) -> list[Event]:
        found: list[Event] = []
        for name, slot in list(self._slots.items()):
            if slot.doubted_since is not None and now >= slot.doubted_since + DOUBT_SECONDS:
                found += self._break(name, Breakage.NODE_LOST, f"no answer for {DOUBT_SECONDS:.0f} s")
        return found

    def _take(self, name: str, ref: Any) -> list[Event]:
        """Return the events that follow from one finished call of a slot's actor."""
        slot = self._slots[name]
        slot.ref = None
        try:
            answer = ray.get(ref)
        except ActorUnavailableError:
            return self._doubt(slot)
        except RayError as error:
            return self._lost(name, self._why_lost(slot, error), _last_line(error))
        if slot.doubted_since is not None:
            return self._break(name, Breakage.NODE_LOST, "the answer of its worker was lost on the way")
        if isinstance(answer, _Place):
            return self._opened(name, answer.node, answer.kind)
        if isinstance(answer, Returned):
            slot.is_busy = False
            slot.num_done += 1
            return [JobReturned(name, answer.result), *self._close_if_spent(name)]
        return self._break(name, Breakage.ENVIRONMENT, answer.detail)

    def _opened(self, name: str, node: str, kind: str) -> list[Event]:
        if node in self._nodes.leaving:  # Ray placed the slot there before it knew
            ray.kill(self._slots.pop(name).actor)
            return []
        self._slots[name].node = node
        self._failed_starts = 0
        self._nodes.watch(node)
        return [SlotOpened(name, node, kind)]

    def _doubt(self, slot: _Slot) -> list[Event]:
        """Ask a silent slot again, until it answers, is declared dead, or is in doubt for too long."""
        if slot.doubted_since is None:
            slot.doubted_since = time.monotonic()
        slot.ref = slot.actor.__ray_ready__.remote()
        return []

    def _why_lost(self, slot: _Slot, error: RayError) -> Breakage:
        if isinstance(error, RayTaskError):
            return Breakage.WORKER_DIED
        living = self._nodes.living()
        return Breakage.WORKER_DIED if living is not None and slot.node in living else Breakage.NODE_LOST

    def _lost(self, name: str, breakage: Breakage, detail: str) -> list[Event]:
        """Drop a lost slot; if it never opened, the next try waits a little, or the run ends."""
        slot = self._slots[name]
        if slot.node:
            return self._break(name, breakage, detail)
        ray.kill(self._slots.pop(name).actor)
        self._failed_starts += 1
        self._next_start = time.monotonic() + RETRY_START_SECONDS
        is_any_open = any(other.node for other in self._slots.values())
        if self._failed_starts >= FAILED_STARTS and not is_any_open:
            message = f"no slot could be opened in {self._failed_starts} tries: {detail}"
            raise EnvironmentFailed(message)
        return []

    def _break(self, name: str, breakage: Breakage, detail: str) -> list[Event]:
        slot = self._slots.pop(name)
        ray.kill(slot.actor)
        if slot.is_busy:
            self._littered.add(slot.node)
        return [JobBroke(name, breakage, detail)] if slot.is_busy else [SlotClosed(name)]


def _wait_all(refs: list[Any]) -> None:
    if refs:
        ray.wait(refs, num_returns=len(refs), timeout=SWEEP_SECONDS)


def _last_line(error: RayError) -> str:
    """Return one line of Ray's error: the last of a traceback (the error), or the first of a report."""
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    line = lines[-1] if isinstance(error, RayTaskError) else lines[0]
    return line[:300]
