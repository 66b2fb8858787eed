"""The queue of games: decides which game goes to which slot next, and what follows from a failure.

The longest games go first, so that a run does not end with one long game on one slot. A slot has at most one
game, so the number of slots bounds the number of games in flight. A game that failed goes to another worker,
on another machine if one is at work; it is set aside, or left undone, at the caps of `farm.engine.attempts`.
A machine whose environment fails rests, then is left out. So is a machine on which several different games in
a row fail while there is another machine: it is more likely at fault than all those games. This module reads
no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from farm.engine.attempts import (
    ATTEMPT_FAILED,
    BLAMES_THE_GAME,
    GOES_ELSEWHERE,
    Attempts,
    FailedAttempt,
    Limits,
)
from farm.engine.canary import Part, canary_place, is_crowd
from farm.engine.pool import Breakage, JobBroke, JobReturned, Result, SlotClosed, SlotOpened, TaskT
from farm.engine.run_counts import RunCounts
from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.engine.canary import Canaries
    from farm.engine.pool import Event


@dataclass(slots=True)
class _Slot:
    node: str
    kind: str = ""
    index: int | None = None  # of the task on this slot
    kill_at: float = 0.0


@dataclass(slots=True)
class _Machine:
    failed: set[int] = field(
        default_factory=set
    )  # tasks that met an environment failure since the last success
    unfinished: dict[int, str] = field(default_factory=dict)
    """Games that failed here in another way since the last game was finished here, and how each failed."""
    rests_until: float = float("-inf")
    has_succeeded: bool = False
    is_out: bool = False


class GameQueue(Generic[TaskT]):
    """The state of one run's games, slots and machines. `now` is always in seconds of one monotonic clock."""

    def __init__(
        self, tasks: Sequence[TaskT], limits: Limits | None = None, canaries: Canaries | None = None
    ) -> None:
        self._tasks = tasks
        self._limits = limits or Limits()
        self._canaries = canaries
        frames = [task.num_frames for task in tasks]
        # The longest game is taken from the end.
        self._queue = sorted(range(len(tasks)), key=frames.__getitem__)
        self._frames_total = sum(frames)
        self._frames_done = 0
        self._retries: list[int] = []
        self._attempts: dict[int, Attempts] = {}
        # Index of a task -> the (node, slot) on which it last failed.
        self._avoid: dict[int, tuple[str, str]] = {}
        self._exhausted: list[int] = []
        self._slots: dict[str, _Slot] = {}
        self._machines: dict[str, _Machine] = {}
        self._statuses: Counter[str] = Counter()
        self._left_undone = 0
        self._failures: Counter[str] = Counter()
        self._failed_attempts: list[FailedAttempt] = []
        self._notices: list[str] = []
        self.last_environment_failure = ""

    @property
    def is_over(self) -> bool:
        """True once every game has ended."""
        return self.num_outstanding == 0

    @property
    def num_outstanding(self) -> int:
        """Number of games that have not ended yet, and so can use a slot."""
        return len(self._queue) + len(self._retries) + len(self._exhausted) + self.num_running

    @property
    def num_running(self) -> int:
        """Number of games that run on a slot now."""
        return sum(slot.index is not None for slot in self._slots.values())

    @property
    def num_usable_slots(self) -> int:
        """Number of slots open on machines that are not left out."""
        return sum(not self._machine(slot.node).is_out for slot in self._slots.values())

    def counts(self) -> RunCounts:
        """Count the games by their states, and the slots and machines."""
        running = self.num_running
        return RunCounts(
            committed=self._statuses["committed"],
            set_aside=self._statuses["set_aside"],
            already_done=self._statuses["already_done"],
            left_undone=self._left_undone,
            running=running,
            waiting=self.num_outstanding - running,
            frames_done=self._frames_done,
            frames_total=self._frames_total,
            num_slots=len(self._slots),
            num_nodes=len({slot.node for slot in self._slots.values()}),
            retries=Counter(self._failures),
        )

    def assignments(self, now: float) -> list[tuple[str, TaskT]]:
        """Return tasks to start, each with a free slot; they count as started from now on."""
        chosen = []
        is_crowded = self._canaries is not None and is_crowd(self.num_outstanding, len(self._slots))
        for name, slot in self._slots.items():
            if slot.index is not None or not self._may_work(slot.node, now):
                continue
            part = self._canaries.part(slot.kind) if self._canaries and is_crowded else Part.CROWD
            index = self._take_for(part, name, slot)
            if index is None:
                continue
            task = self._tasks[index]
            slot.index = index
            slot.kill_at = now + self._limits.attempt_seconds(task.num_frames)
            attempts = self._attempts.get(index, Attempts())
            # A canary makes no last attempt, which would set the game aside: the machine may be at fault.
            last = attempts.next_is_last(self._limits) and part is not Part.CANARY
            task = task.for_attempt(attempts.number + 1, is_last=last)
            chosen.append((name, task.as_canary() if part is Part.CANARY else task))
        return chosen

    def apply(self, event: Event, now: float) -> Result | None:
        """Take in one event of the pool; return the result if the event ends a game."""
        match event:
            case SlotOpened():
                self._slots[event.slot] = _Slot(event.node, event.kind)
            case SlotClosed():
                self._slots.pop(event.slot, None)
            case JobReturned():
                return self._returned(event)
            case JobBroke():
                slot = self._slots.pop(event.slot)
                if event.breakage is Breakage.ENVIRONMENT and slot.index is not None:
                    self._strike(slot.node, slot.index, event.detail, now)
                self._failed(slot, event.slot, event.breakage, event.detail)
        return None

    def overdue(self, now: float) -> list[str]:
        """Return the slots to kill, over the hard limit; they count as gone, and their games as failed."""
        names = [name for name, slot in self._slots.items() if slot.index is not None and now >= slot.kill_at]
        for name in names:
            slot = self._slots.pop(name)
            self._failed(slot, name, Breakage.OVERDUE, "no result within the hard limit of an attempt")
        return names

    def exhausted(self) -> list[tuple[TaskT, Reason, str]]:
        """Return the games to set aside now, because they were tried often enough; each is returned once."""
        found = []
        for index in self._exhausted:
            attempts = self._attempts.pop(index)
            reason, detail = attempts.verdict()
            found.append((self._tasks[index].for_attempt(attempts.number, is_last=True), reason, detail))
        self._exhausted.clear()
        return found

    def failed_attempts(self) -> list[FailedAttempt]:
        """Return the attempts that ended without a result since the last call."""
        found, self._failed_attempts = self._failed_attempts, []
        return found

    def notices(self) -> list[str]:
        """Return what a person should know about machines, one line each, since the last call."""
        found, self._notices = self._notices, []
        return found

    def finish(self, result: Result, num_frames: int) -> None:
        """Count a game of that length as ended with this result."""
        self._statuses[result.status] += 1
        self._frames_done += num_frames

    def _returned(self, event: JobReturned) -> Result | None:
        slot = self._slots[event.slot]
        index, slot.index = slot.index, None
        if index is None:
            message = f"{event.slot} returned a result but had no task"
            raise RuntimeError(message)
        machine = self._machine(slot.node)
        machine.has_succeeded = True
        machine.failed.clear()
        if event.result.status == ATTEMPT_FAILED:
            failed, reason = _Slot(slot.node, slot.kind, index), event.result.reason
            self._failed(failed, event.slot, ATTEMPT_FAILED, f"{reason}: {event.result.detail}", reason)
            return None
        self._note_end(slot.node, index, event.result)
        if self._canaries is not None and self._canaries.is_canary(slot.kind, index):
            beside = sum(other.node == slot.node for other in self._slots.values())
            self._canaries.ended(slot.kind, slot.node, beside, event.result)
        self._attempts.pop(index, None)
        self._avoid.pop(index, None)
        self.finish(event.result, self._tasks[index].num_frames)
        return event.result

    def _failed(
        self, slot: _Slot, name: str, failure: str, detail: str, reason: Reason | None = None
    ) -> None:
        if slot.index is None:
            return
        index = slot.index
        self._failures[failure] += 1
        attempts = self._attempts.setdefault(index, Attempts())
        attempts.add(failure, detail)
        self._failed_attempts.append(
            FailedAttempt(self._tasks[index].game_id, attempts.number, slot.node, str(failure), detail)
        )
        if failure in GOES_ELSEWHERE:
            self._avoid[index] = (slot.node, name)
        if failure in BLAMES_THE_GAME and reason is not Reason.SOURCE_MISSING:
            self._note_failure(slot.node, index, detail or failure)
        if self._canaries is not None and self._canaries.is_canary(slot.kind, index):
            self._retries.append(index)
            # A canary is judged before its last attempt, which would set the game aside.
            is_judged = attempts.next_is_last(self._limits) or attempts.is_exhausted(self._limits)
            evidence = f"game {self._tasks[index].game_id[:12]}: {detail or failure}"
            self._canaries.failed(slot.kind, evidence, reason, is_judged=is_judged)
            return
        if not attempts.is_exhausted(self._limits):
            self._retries.append(index)
            return
        self._avoid.pop(index, None)
        if attempts.is_the_games_fault(self._limits):
            self._exhausted.append(index)
        else:
            del self._attempts[index]
            self._left_undone += 1

    def _take_for(self, part: Part, name: str, slot: _Slot) -> int | None:
        """Take a game off the queue for a slot; return None if the slot has to wait."""
        if part is Part.CROWD:
            return self._take(name, slot.node)
        if part is Part.WAIT:
            return None
        assert self._canaries is not None, "nobody else asks for a canary"
        index = self._canaries.trial(slot.kind).index
        if index in self._retries:
            if not self._suits(index, name, slot.node, slot.kind):
                return None
            self._retries.remove(index)
        elif self._queue:
            index = self._queue.pop(canary_place([self._tasks[each].num_frames for each in self._queue]))
        else:
            index = self._take(name, slot.node)
        if index is not None:
            self._canaries.begin(slot.kind, index)
        return index

    def _take(self, name: str, node: str) -> int | None:
        # Retries go first, so that a game that cannot be rendered shows early, not at the end.
        for position, index in enumerate(self._retries):
            if self._suits(index, name, node):
                return self._retries.pop(position)
        return self._queue.pop() if self._queue else None

    def _suits(self, index: int, name: str, node: str, kind: str | None = None) -> bool:
        """Return False if the game failed on this machine or slot and can go to another.

        A canary can only go to machines of its own kind; a `kind` of None stands for any.
        """
        if index not in self._avoid:
            return True
        bad_node, bad_slot = self._avoid[index]
        usable = [
            slot
            for slot in self._slots.values()
            if kind in (None, slot.kind) and not self._machine(slot.node).is_out
        ]
        if node == bad_node and any(slot.node != node for slot in usable):
            return False
        # With one usable slot the game can go nowhere else, and waiting for another slot could last for ever.
        return name != bad_slot or len(usable) == 1

    def _note_end(self, node: str, index: int, result: Result) -> None:
        """Take in that a game ended on a machine, with a result or after its last attempt."""
        if (
            result.status == "set_aside"
            and result.reason is not None
            and not result.reason.is_about_the_replay
        ):
            self._note_failure(node, index, f"{result.reason}: {result.detail}")
        elif result.status != "already_done":  # already_done says nothing about the machine
            self._machine(node).unfinished.clear()

    def _note_failure(self, node: str, index: int, detail: str) -> None:
        """Leave out a machine on which several different games in a row have failed, if there is another."""
        machine = self._machine(node)
        machine.unfinished[index] = detail
        if machine.is_out or len(machine.unfinished) < self._limits.games_in_a_row:
            return
        is_needed = not any(
            slot.node != node and not self._machine(slot.node).is_out for slot in self._slots.values()
        )
        machine.is_out = not is_needed
        games = ", ".join(self._tasks[each].game_id[:12] for each in machine.unfinished)
        what = "goes on, as there is no other machine" if is_needed else "is drained: it gets no more games"
        line = (
            f"{node} {what}. {len(machine.unfinished)} different games in a row failed there ({games}), the "
            f"last with {detail}; look at it with `farm doctor`"
        )
        self._notices.append(line)
        if machine.is_out:
            self.last_environment_failure = line
        machine.unfinished.clear()

    def _machine(self, node: str) -> _Machine:
        return self._machines.setdefault(node, _Machine())

    def _may_work(self, node: str, now: float) -> bool:
        machine = self._machine(node)
        return not machine.is_out and now >= machine.rests_until

    def _strike(self, node: str, index: int, detail: str, now: float) -> None:
        self.last_environment_failure = f"{node}: {detail}"
        machine = self._machine(node)
        if now < machine.rests_until:
            return  # every slot meets one outage at the same time; the outage counts once
        machine.failed.add(index)  # a set: one odd game cannot wear a good machine down
        if machine.has_succeeded:  # then the machine may only have lost the network for a while
            machine.rests_until = now + self._limits.bench_seconds * 2 ** (len(machine.failed) - 1)
        allowed = self._limits.strikes if machine.has_succeeded else self._limits.first_strikes
        machine.is_out = len(machine.failed) >= allowed
