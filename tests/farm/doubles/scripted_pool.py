"""A pool without processes: a script says what its slots report, and the pool records what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from null_renderer import NullResult, NullTask

from farm.engine.pool import JobReturned, SlotOpened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from farm.engine.pool import Event


def committed(task: NullTask) -> NullResult:
    return NullResult(task.game_id, "committed", task.num_frames)


class ScriptedPool:
    """Opens `num_slots` slots on one machine each; every game that is started ends as `answer` says.

    `kinds` are the kinds of the machines, in turn.
    """

    def __init__(
        self,
        num_slots: int = 1,
        answer: Callable[[str, NullTask], list[Event]] = lambda slot, task: [
            JobReturned(slot, committed(task))
        ],
        kinds: Sequence[str] = ("",),
    ) -> None:
        self._answer = answer
        self._pending: list[Event] = [
            SlotOpened(f"slot-{k}", f"node-{k}", kinds[k % len(kinds)]) for k in range(num_slots)
        ]
        self.started: list[tuple[str, NullTask]] = []
        self.killed: list[str] = []
        self.wanted: list[int] = []

    def start(self, slot: str, task: NullTask) -> None:
        self.started.append((slot, task))
        self._pending += self._answer(slot, task)

    def events(self, timeout_seconds: float) -> list[Event]:
        found, self._pending = self._pending, []
        return found

    def kill(self, slot: str) -> None:
        self.killed.append(slot)
        self._pending.append(SlotOpened(f"{slot}'", f"node-of-{slot}"))

    def want(self, num_slots: int) -> None:
        self.wanted.append(num_slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
