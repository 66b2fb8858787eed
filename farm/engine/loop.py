"""The loop of a run: give free slots their next game, take in results, until every game has ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from farm.engine.attempts import Limits
from farm.engine.queue import GameQueue
from farm.engine.stopping import Stop, StopSignals
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from farm.engine.attempts import FailedAttempt
    from farm.engine.canary import Canaries, ProvedKind
    from farm.engine.exit_status import ExitStatus
    from farm.engine.pool import Event, Pool, Result, TaskT
    from farm.engine.run_counts import RunCounts
    from manifests.ledger.reasons import Reason

    GiveUp = Callable[[TaskT, Reason, str], Result]

TICK_SECONDS = 0.25  # the longest time until a Ctrl-C is noticed


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of a run.

    Attributes:
        counts: Counts of games at the end.
        set_aside: The results of the games set aside in this run, in the order in which they came.
        wall_seconds: Seconds from the request for the first slot to the last result.
        was_stopped: True if a signal ended the run before every game had ended.
    """

    counts: RunCounts
    set_aside: tuple[Result, ...] = field(repr=False)
    wall_seconds: float
    was_stopped: bool

    @property
    def exit_status(self) -> ExitStatus:
        """Exit status that the run would have by the games of this loop alone."""
        return self.counts.exit_status


def run(
    tasks: Sequence[TaskT],
    pool: Pool[TaskT],
    *,
    give_up: GiveUp[TaskT],
    stop: StopSignals,
    limits: Limits | None = None,
    canaries: Canaries | None = None,
    on_result: Callable[[Result], None] = lambda _result: None,
    on_counts: Callable[[RunCounts], None] = lambda _counts: None,
    on_failure: Callable[[FailedAttempt], None] = lambda _failed: None,
    on_event: Callable[[Event], None] = lambda _event: None,
    on_canary: Callable[[ProvedKind], None] = lambda _proved: None,
    on_notice: Callable[[str], None] = lambda _line: None,
    on_start: Callable[[str, TaskT], None] = lambda _slot, _task: None,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Run every task on the slots of a pool until all have ended, or a signal stops the run.

    Args:
        tasks: The games, in any order. Games with a ledger entry should not be among them; for such a game
            the job returns `already_done`.
        pool: Where tasks run. The caller enters the pool before, and leaves it afterwards, which ends all
            running jobs.
        give_up: Sets a game aside, in this process, after its workers died; returns its result.
        stop: Tells whether the user has asked to stop.
        limits: Limits on retries and waits.
        canaries: Trials of the machines, which run before all other games; None to begin with all games at
            once.
        on_result: Called with the result of every game that ends.
        on_counts: Called several times a second with the run's counts.
        on_failure: Called with every attempt that ended without a result, whether or not it is tried again.
        on_event: Called with everything that a slot reports.
        on_canary: Called with every kind of machine whose canary was committed.
        on_notice: Called with a line for a person about a machine that was left out.
        on_start: Called with the name of a slot and the task that it has just been given.
        clock: Returns the time in seconds; a simulation gives a clock of its own.

    Raises:
        CanaryFailed: if the first game on a kind of machine fails for another reason than its own content.
        EnvironmentFailed: if no machine can do the work. What was committed stays; the same command run again
            continues.
    """
    limits = limits or Limits()
    queue = GameQueue(tasks, limits, canaries)
    set_aside: list[Result] = []
    started = last_slot_seen = last_running = clock()
    while not queue.is_over and not _is_stopping(queue, stop):
        now = clock()
        last_slot_seen = now if queue.num_usable_slots else last_slot_seen
        _check_slots(queue, now - last_slot_seen, limits)
        _hand_out(queue, pool, stop, on_start, clock)
        last_running = now if queue.num_running else last_running
        _check_progress(queue, now - last_running, limits)
        for result in _take_in(queue, pool, give_up, on_event, clock):
            if result.status == "set_aside":
                set_aside.append(result)
            on_result(result)
        for proved in [] if canaries is None else canaries.take_proved():
            on_canary(proved)
        for failed in queue.failed_attempts():
            on_failure(failed)
        for line in queue.notices():
            on_notice(line)
        on_counts(queue.counts())
    counts = queue.counts()
    # If not one game could be done, the machines are at fault, so the error says what they lack.
    if counts.left_undone and not counts.done:
        raise _nothing_works(queue)
    return Summary(counts, tuple(set_aside), clock() - started, not queue.is_over)


def _hand_out(
    queue: GameQueue[TaskT],
    pool: Pool[TaskT],
    stop: StopSignals,
    on_start: Callable[[str, TaskT], None],
    clock: Callable[[], float],
) -> None:
    """Give each free slot its next game, unless the run is draining."""
    if stop.request is not Stop.NO:
        pool.want(queue.num_running)
        return
    pool.want(queue.num_outstanding)
    for slot, task in queue.assignments(clock()):
        pool.start(slot, task)
        on_start(slot, task)


def _take_in(
    queue: GameQueue[TaskT],
    pool: Pool[TaskT],
    give_up: GiveUp[TaskT],
    on_event: Callable[[Event], None],
    clock: Callable[[], float],
) -> Iterator[Result]:
    """Wait one tick for events of the slots; yield the result of every game that ended."""
    for event in pool.events(TICK_SECONDS):
        on_event(event)
        if (result := queue.apply(event, clock())) is not None:
            yield result
    for slot in queue.overdue(clock()):
        pool.kill(slot)
    for task, reason, detail in queue.exhausted():
        result = give_up(task, reason, detail)
        queue.finish(result, task.num_frames)
        yield result


def _is_stopping(queue: GameQueue[TaskT], stop: StopSignals) -> bool:
    return stop.request is Stop.NOW or (stop.request is Stop.DRAIN and queue.num_running == 0)


def _check_slots(queue: GameQueue[TaskT], slotless_seconds: float, limits: Limits) -> None:
    """Raise if no machine can do the work, or if there has been no usable slot for too long."""
    counts = queue.counts()
    if counts.num_slots and not queue.num_usable_slots and not counts.running:
        raise _nothing_works(queue)
    if slotless_seconds > limits.slotless_seconds:
        message = (
            f"no slot for {slotless_seconds:.0f} s with {counts.waiting} games waiting; check that "
            "the workers are up and that each offers the resource `dolphin`, then run the same command again"
        )
        raise EnvironmentFailed(message)


def _check_progress(queue: GameQueue[TaskT], idle_seconds: float, limits: Limits) -> None:
    """Raise if there are slots and games, but no game has been on a slot for too long."""
    if idle_seconds > limits.slotless_seconds:
        counts = queue.counts()
        last = queue.last_environment_failure
        why = f"; the last that a machine lacked: {last}" if last else ""
        message = (
            f"none of {counts.waiting} games was on any of {counts.num_slots} slots for {idle_seconds:.0f} s"
            f"{why}; look at the machines with `farm doctor`, then run the same command again"
        )
        raise EnvironmentFailed(message)


def _nothing_works(queue: GameQueue[TaskT]) -> EnvironmentFailed:
    message = (
        f"no machine of this run can do the work; {queue.last_environment_failure} "
        "(mend that, then run the same command again: it goes on where this stopped)"
    )
    return EnvironmentFailed(message)
