"""A test double of `workers.job.render_game` that renders nothing.

It keeps a ledger (one file a game, made with O_EXCL) so that a test can count what was done, lost or done
twice, and misbehaves on request.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from null_processes import wait_for

from manifests.ledger.reasons import Reason
from workers.emulator.child import Child
from workers.errors import EnvironmentFailed
from workers.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable

NUM_CHILDREN = 3  # in place of an emulator, a display, an encoder
GATE_SECONDS = 400.0  # other slots may still be starting, on a busy machine


@dataclass(frozen=True, slots=True)
class NullTask:
    """A game for the null renderer; `behaviour` is a key of FATAL or REFUSALS, or "" for success."""

    game_id: str
    num_frames: int = 600
    behaviour: str = ""
    seconds: float = 0.0
    attempt: int = 1
    is_last_attempt: bool = True
    is_canary: bool = False

    def for_attempt(self, number: int, *, is_last: bool) -> NullTask:
        return dataclasses.replace(self, attempt=number, is_last_attempt=is_last)

    def as_canary(self) -> NullTask:
        return dataclasses.replace(self, is_canary=True)


@dataclass(frozen=True, slots=True)
class NullSettings:
    """Settings that every game of a null run gets.

    `ledger` is a folder, or None to keep no ledger; `children` is how long every child of a game sleeps, or
    "" for no children. No game goes on before the file `gate` exists, so that a test sees all slots busy
    however slowly they start.
    """

    ledger: Path | None = None
    scratch_base: Path | None = None
    children: str = ""
    gate: Path | None = None


@dataclass(frozen=True, slots=True)
class NullResult:
    game_id: str
    status: str
    num_frames: int
    reason: Reason | None = None
    detail: str = ""
    pid: int = 0
    attempt: int = 1


def render_nothing(task: NullTask, settings: NullSettings) -> NullResult:
    """Misbehave as the task asks, or wait `task.seconds` and write the ledger entry."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch(settings.scratch_base))
        (folder / "picture.raw").write_bytes(bytes(1000))
        if task.behaviour in FATAL:
            FATAL[task.behaviour](task)
        if task.behaviour in REFUSALS and (refused := REFUSALS[task.behaviour](task)) is not None:
            return refused
        for _ in range(NUM_CHILDREN if settings.children else 0):
            stack.enter_context(start_child(settings.children, folder))
        if settings.gate is not None:
            wait_for(settings.gate.exists, GATE_SECONDS)
        time.sleep(task.seconds)
    return _result(task, commit(task, settings), None)


def start_child(seconds: str, folder: Path) -> Child:
    """Start a child by the farm's own means, as an emulator, its display and its encoder are started."""
    log = folder / "child.log"
    return Child(["sleep", seconds], folder=folder, environment=os.environ, stdout=log, stderr=log)


def _die(_task: NullTask) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_once(task: NullTask) -> None:
    if task.attempt == 1:
        _die(task)


def _have_a_bug(_task: NullTask) -> None:
    message = "a bug of ours"
    raise RuntimeError(message)


def _find_no_dolphin(_task: NullTask) -> None:
    message = "no Dolphin here; install one"
    raise EnvironmentFailed(message)


def _hang(_task: NullTask) -> None:
    time.sleep(3600)


def _fail_twice(task: NullTask) -> NullResult | None:
    return _result(task, "attempt_failed", Reason.EMULATOR_STALLED) if task.attempt <= 2 else None


def _fail_always(task: NullTask) -> NullResult:
    status = "set_aside" if task.is_last_attempt else "attempt_failed"
    return _result(task, status, Reason.EMULATOR_STALLED)


def _refuse(task: NullTask) -> NullResult:
    return _result(task, "set_aside", Reason.ILLEGAL_STAGE)


FATAL: dict[str, Callable[[NullTask], None]] = {
    "kill the worker": _die,
    "kill the worker once": _die_once,
    "have a bug": _have_a_bug,
    "find no Dolphin": _find_no_dolphin,
    "hang": _hang,
}
REFUSALS: dict[str, Callable[[NullTask], NullResult | None]] = {
    "fail twice": _fail_twice,
    "fail always": _fail_always,
    "be refused": _refuse,
}


def commit(task: NullTask, settings: NullSettings) -> str:
    """Write the ledger entry (`committed`), or leave the one that exists (`already_done`)."""
    if settings.ledger is None:
        return "committed"
    try:
        with (settings.ledger / task.game_id).open("x") as entry:
            entry.write(f"{os.getpid()} {task.attempt}\n")
    except FileExistsError:
        return "already_done"
    return "committed"


def give_up(task: NullTask, reason: Reason, detail: str) -> NullResult:
    return dataclasses.replace(_result(task, "set_aside", reason), detail=detail)


def _result(task: NullTask, status: str, reason: Reason | None) -> NullResult:
    return NullResult(task.game_id, status, task.num_frames, reason, "", os.getpid(), task.attempt)
