"""The canary rule: each kind of machine renders one short game, which is judged, before all other games.

    kind not yet proved, nothing on trial -> a canary       its result -> proved: the others may follow
    kind not yet proved, one on trial     -> wait                      -> the next game, up to a limit
                                                                       -> the run stops, with the evidence

A canary is a game of the run, and what it renders is committed. It never makes its last attempt, which would
set the game aside: once the machine is mended, the game can still be rendered. This module reads no clock.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.engine.pool import Result

LEAST_FRAMES: Final = 1800
"""Least frames of a canary, if any game has so many: half a minute, with enough moves to be judged."""
MOST_REFUSED: Final = 3
"""At this many games in a row refused for their content, or this many without a replay, the run stops."""
MOST_MISALIGNED: Final = 2
"""If the pictures of this many games cannot be proved, the machine is at fault; one game alone may desync."""
FEW_GAMES: Final = 2
"""At most this many games are begun without a canary, on however few slots."""


class CanaryFailed(EnvironmentFailed):
    """The first game on a kind of machine could not be rendered, or could not be proved."""


class Part(Enum):
    """What a free slot should do."""

    CROWD = auto()  # take the next game of all games
    CANARY = auto()  # take the game by which the slot's kind of machine is judged
    WAIT = auto()  # wait until a canary of the slot's kind of machine has ended


class Judgement(Enum):
    """What follows after a canary has ended."""

    PROVED = auto()
    NEXT_GAME = auto()
    STOP = auto()


@dataclass(slots=True)
class Trial:
    """How the canaries of one kind of machine have done so far.

    Attributes:
        index: the queue's index of the game on trial; None if there is none.
        is_running: whether that game is on a slot now.
        is_proved: whether a canary was committed.
        num_refused: games that were refused for their content.
        num_misaligned: games whose pictures could not be proved to show their states.
        num_missing: games whose replay was missing.
        evidence: what went wrong, a phrase for each attempt.
    """

    index: int | None = None
    is_running: bool = False
    is_proved: bool = False
    num_refused: int = 0
    num_misaligned: int = 0
    num_missing: int = 0
    evidence: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ProvedKind:
    """A kind of machine whose canary was committed.

    Attributes:
        kind: the kind of machine, in words.
        node: the machine that rendered the canary.
        num_slots: slots open on that machine when the canary ended.
        result: the canary's result.
    """

    kind: str
    node: str
    num_slots: int
    result: Result


def is_crowd(num_games: int, num_slots: int) -> bool:
    """Return whether there are enough games for a canary: with a slot for each game, it saves nothing."""
    return num_games > max(FEW_GAMES, num_slots)


def canary_place(frames: Sequence[int]) -> int:
    """Return the place of the canary among games in ascending order of length.

    Args:
        frames: lengths in frames, ascending; at least one.

    Returns:
        The place of the shortest game that has at least LEAST_FRAMES, or of the longest game if none has.
    """
    return min(bisect.bisect_left(frames, LEAST_FRAMES), len(frames) - 1)


def judge_result(status: str, reason: Reason | None, num_refused: int) -> Judgement:
    """Judge a canary that ended with a ledger entry.

    Args:
        status: `committed`, `already_done` (by another run, which says nothing about this machine) or
            `set_aside`.
        reason: why the game was set aside.
        num_refused: games that this kind of machine refused before.
    """
    if status == "committed":
        return Judgement.PROVED
    if status == "already_done":
        return Judgement.NEXT_GAME
    is_games_fault = reason is not None and reason.is_about_the_replay
    return Judgement.NEXT_GAME if is_games_fault and num_refused + 1 < MOST_REFUSED else Judgement.STOP


def judge_failures(reason: Reason | None, num_misaligned: int, num_missing: int = 0) -> Judgement:
    """Judge a canary whose attempts have all failed.

    Args:
        reason: why the last attempt failed, if it ended by itself.
        num_misaligned: games that this kind of machine rendered before and that could not be proved.
        num_missing: games whose replay this kind of machine could not read before.
    """
    if reason is Reason.SOURCE_MISSING:
        return Judgement.NEXT_GAME if num_missing + 1 < MOST_REFUSED else Judgement.STOP
    is_in_doubt = reason is Reason.MISALIGNED and num_misaligned + 1 < MOST_MISALIGNED
    return Judgement.NEXT_GAME if is_in_doubt else Judgement.STOP


class Canaries:
    """The trials of every kind of machine in one run."""

    def __init__(self) -> None:
        self._trials: dict[str, Trial] = {}
        self._proved: list[ProvedKind] = []

    def trial(self, kind: str) -> Trial:
        """Return the trial of a kind of machine."""
        return self._trials.setdefault(kind, Trial())

    def part(self, kind: str) -> Part:
        """Return what a free slot on this kind of machine should do, as long as there are enough games."""
        trial = self.trial(kind)
        if trial.is_proved:
            return Part.CROWD
        return Part.WAIT if trial.is_running else Part.CANARY

    def begin(self, kind: str, index: int) -> None:
        """Note that a game is now on trial."""
        trial = self.trial(kind)
        trial.index, trial.is_running = index, True

    def is_canary(self, kind: str, index: int) -> bool:
        """Return whether this game is now on trial on this kind of machine."""
        trial = self.trial(kind)
        return trial.is_running and trial.index == index

    def ended(self, kind: str, node: str, num_slots: int, result: Result) -> None:
        """Take in that the game on trial has its ledger entry.

        The arguments are the fields of ProvedKind.

        Raises:
            CanaryFailed: the game was set aside, and that stops the run.
        """
        trial = self.trial(kind)
        judgement = judge_result(result.status, result.reason, trial.num_refused)
        trial.index, trial.is_running = None, False
        if judgement is Judgement.PROVED:
            trial.is_proved = True
            self._proved.append(ProvedKind(kind, node, num_slots, result))
        elif result.status == "set_aside":
            trial.num_refused += 1
            trial.evidence.append(f"game {result.game_id[:12]}: {result.reason}: {result.detail}")
        if judgement is Judgement.STOP:
            raise _failure(kind, trial.evidence)

    def failed(self, kind: str, evidence: str, reason: Reason | None, *, is_judged: bool) -> None:
        """Take in that an attempt at the game on trial has failed.

        Args:
            kind: the kind of machine.
            evidence: the game, and what went wrong, as a phrase.
            reason: why the attempt failed, if it ended by itself.
            is_judged: whether the machine is judged by it now; else the game is tried again.

        Raises:
            CanaryFailed: the failure stops the run.
        """
        trial = self.trial(kind)
        trial.is_running = False
        trial.evidence.append(evidence)
        if not is_judged:
            return
        if judge_failures(reason, trial.num_misaligned, trial.num_missing) is Judgement.STOP:
            raise _failure(kind, trial.evidence)
        if reason is Reason.SOURCE_MISSING:
            trial.num_missing += 1
        else:
            trial.num_misaligned += 1
        trial.index = None

    def take_proved(self) -> list[ProvedKind]:
        """Return the kinds of machines whose canary was committed since the last call."""
        found, self._proved = self._proved, []
        return found


def _failure(kind: str, evidence: Sequence[str]) -> CanaryFailed:
    where = f" on {kind}" if kind else ""
    what = "; ".join(dict.fromkeys(evidence))
    return CanaryFailed(
        f"the canary failed{where}, {len(evidence)} times, so no other game was begun there: {what} (mend "
        "that, then run the same command again; --no-canary begins with all games at once)"
    )
