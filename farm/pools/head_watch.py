"""Asks the head of a Ray cluster for news in its own thread, so that a run never waits for a silent head.

The head is the one machine whose loss ends a run; what was committed is not lost with it. A call to a head
that is gone may not return for a minute, or ever, so the code that hands out games makes no such call.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

AnswerT = TypeVar("AnswerT")

# Longest time without an answer; Ray itself would end the program after 60, with status 1.
HEAD_LOST_SECONDS = 40.0
ASK_SECONDS = 2.0  # between two questions
STOP_SECONDS = 2.0  # longest wait for the last question to be answered


class HeadLost(EnvironmentFailed):
    """The cluster's head has not answered for too long: the run ends, and the same command continues it."""


class AllNodesLost(EnvironmentFailed):
    """The cluster that this run started for itself has no node left, and no other can come."""


class NoAnswer(Exception):  # noqa: N818 - not an error of anybody's until it lasts
    """Raised by the function given to HeadWatch while the head does not answer."""


class HeadWatch(Generic[AnswerT]):
    """Asks the head again and again, and keeps its newest answer.

    Args:
        ask: Asks the head once and returns its answer, or raises NoAnswer. It may block; `latest` never does.
        lost_seconds: Seconds that the head may be silent before it counts as lost.
        every_seconds: Pause between two questions.
    """

    def __init__(
        self,
        ask: Callable[[], AnswerT],
        *,
        lost_seconds: float = HEAD_LOST_SECONDS,
        every_seconds: float = ASK_SECONDS,
    ) -> None:
        self._ask, self._lost_seconds, self._every_seconds = ask, lost_seconds, every_seconds
        self._changed = threading.Condition()
        self._answer: AnswerT | None = None
        self._asked = float("-inf")  # when the question to `self._answer` was asked
        self._silent_since: float | None = None  # when the oldest question without an answer was asked
        self._wanted = float("-inf")  # somebody waits for an answer to a question asked after this time
        self._is_stopping = False
        # A daemon thread: a question may hang for ever, and must not hold up the end of the program.
        self._thread = threading.Thread(target=self._run, name="head-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask the head, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; wait a little for the answer to the last question, if one is open."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._thread.join(STOP_SECONDS)

    def latest(self) -> AnswerT | None:
        """Return the newest answer at once; None before the first answer.

        Raises:
            HeadLost: if no answer came for too long.
        """
        with self._changed:
            # Silence is measured from the question, not from the last answer: a program that was itself
            # paused has asked nothing.
            silent = 0.0 if self._silent_since is None else time.monotonic() - self._silent_since
            if silent > self._lost_seconds:
                message = (
                    f"the head of the Ray cluster has not answered for {silent:.0f} s; what is committed "
                    "stays. Bring a cluster up again, then run the same command: it does the rest"
                )
                raise HeadLost(message)
            return self._answer

    def newer(self, wait_seconds: float) -> AnswerT | None:
        """Return the answer to a question asked from now on; None if none comes within `wait_seconds`."""
        with self._changed:
            now = self._wanted = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._asked >= now or self._is_stopping, wait_seconds)
            return self._answer if self._asked >= now else None

    def _run(self) -> None:
        while not self._is_stopping:
            with self._changed:
                asked = time.monotonic()
                self._silent_since = asked if self._silent_since is None else self._silent_since
            try:
                answer = self._ask()
            except NoAnswer:
                answer = None
            with self._changed:
                if answer is not None:
                    self._answer, self._asked, self._silent_since = answer, asked, None
                    self._changed.notify_all()
                self._changed.wait_for(self._is_due(asked), self._every_seconds)

    def _is_due(self, asked: float) -> Callable[[], bool]:
        """Return a function that tells whether the next question is due before its time.

        The question is due if somebody waits for an answer to a later question; a silent head is not hurried.
        """
        return lambda: self._is_stopping or (self._asked == asked and self._wanted > asked)
