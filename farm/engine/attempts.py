"""The retry rule: how often a game may fail in each way, and when it is set aside or left undone.

Ray's own retries never apply: they are unlimited or lose work, and would hide a replay that kills its worker.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are resolved by their users
from dataclasses import dataclass, field
from types import MappingProxyType

from farm.engine.pool import Breakage
from manifests.ledger.reasons import Reason

ATTEMPT_FAILED = "attempt_failed"  # the job returned by itself and asked for another attempt

_DEFAULT_CAPS: Mapping[str, int] = MappingProxyType(
    {
        ATTEMPT_FAILED: 3,
        Breakage.WORKER_DIED: 3,
        Breakage.OVERDUE: 2,
        # These are not the game's fault. The cap only keeps a game from being tried for ever, even on dying
        # spot machines.
        Breakage.NODE_LOST: 20,
        Breakage.GIVEN_BACK: 20,
        Breakage.ENVIRONMENT: 4,
    }
)

BLAMES_THE_GAME = frozenset({ATTEMPT_FAILED, Breakage.WORKER_DIED, Breakage.OVERDUE})
"""Kinds of failure that set a game aside at their cap; at another kind's cap it is left for a later run."""

GOES_ELSEWHERE = BLAMES_THE_GAME | {Breakage.ENVIRONMENT}
"""Kinds of failure after which the next attempt goes to another worker, on another machine if there is one.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the retries and waits of one run.

    Attributes:
        caps: Attempts that may end in each kind of failure, `ATTEMPT_FAILED` or a Breakage, before the game
            is set aside or left undone. At least 1 each.
        attempt_base_seconds: An attempt is ended after this plus `attempt_seconds_per_frame` for every frame.
            Far above the job's own deadlines: it catches a worker that hangs, not an emulator that does.
        attempt_seconds_per_frame: Seconds allowed for every frame of the game, see `attempt_base_seconds`.
        slotless_seconds: How long the run may be without any slot, or without any game on one, before it
            gives up.
        bench_seconds: How long a machine rests after an environment failure, if it did games before; doubled
            for each such failure in a row.
        strikes: Games in a row, without a success between, that must meet an environment failure before the
            machine is left out.
        games_in_a_row: Different games that must fail one after another on a machine, in ways that blame the
            game, before the machine is left out, if there is another one.
        first_strikes: Like `strikes`, but for a machine that has not done any game yet: it probably lacks
            something for good.

    Raises:
        ValueError: if a limit is out of range.
    """

    caps: Mapping[str, int] = field(default_factory=lambda: _DEFAULT_CAPS)
    attempt_base_seconds: float = 900.0
    attempt_seconds_per_frame: float = 0.5
    slotless_seconds: float = 900.0
    bench_seconds: float = 5.0
    strikes: int = 6
    first_strikes: int = 2
    games_in_a_row: int = 5

    def __post_init__(self) -> None:
        if missing := _DEFAULT_CAPS.keys() - self.caps.keys():
            message = f"caps for {sorted(missing)} are missing"
            raise ValueError(message)
        for name, cap in self.caps.items():
            if cap < 1:
                message = f"the cap for {name} must be at least 1, got {cap}"
                raise ValueError(message)
        for name in (
            "attempt_base_seconds",
            "attempt_seconds_per_frame",
            "slotless_seconds",
            "bench_seconds",
        ):
            if not getattr(self, name) > 0:
                message = f"{name} must be above 0, got {getattr(self, name)}"
                raise ValueError(message)
        if min(self.strikes, self.first_strikes, self.games_in_a_row) < 1:
            numbers = f"{self.strikes}, {self.first_strikes} and {self.games_in_a_row}"
            message = f"strikes and games in a row must be at least 1, got {numbers}"
            raise ValueError(message)

    def attempt_seconds(self, num_frames: int) -> float:
        """Return the hard limit, in seconds of wall time, of one attempt at a game of that length."""
        return self.attempt_base_seconds + self.attempt_seconds_per_frame * num_frames


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt at a game that ended without a result, and the reason, for people to read.

    Attributes:
        game_id: The game that was attempted.
        number: Number of this attempt at the game, from 1.
        node: The machine that it ran on.
        failure: `ATTEMPT_FAILED` or a Breakage.
        detail: The particulars, in one line.
    """

    game_id: str
    number: int
    node: str
    failure: str
    detail: str


@dataclass(slots=True)
class Attempts:
    """The failed attempts at one game so far, counted by kind of failure."""

    counts: dict[str, int] = field(default_factory=dict)
    last_detail: str = ""

    @property
    def number(self) -> int:
        """Number of attempts that have ended so far, of every kind."""
        return sum(self.counts.values())

    def add(self, failure: str, detail: str) -> None:
        """Count one more attempt that ended in `failure`."""
        self.counts[failure] = self.counts.get(failure, 0) + 1
        self.last_detail = detail

    def is_exhausted(self, limits: Limits) -> bool:
        """True once some kind of failure has reached its cap."""
        return any(count >= limits.caps[failure] for failure, count in self.counts.items())

    def next_is_last(self, limits: Limits) -> bool:
        """True if the next attempt is the last, so that its job must write a failure to the ledger itself."""
        return self.counts.get(ATTEMPT_FAILED, 0) + 1 >= limits.caps[ATTEMPT_FAILED]

    def is_the_games_fault(self, limits: Limits) -> bool:
        """True if an exhausted game is to be set aside; False if it is only left undone, for a later run."""
        return any(self.counts.get(failure, 0) >= limits.caps[failure] for failure in BLAMES_THE_GAME)

    def verdict(self) -> tuple[Reason, str]:
        """Return why an exhausted game is set aside: the reason, and the game's history in one line."""
        overdue = self.counts.get(Breakage.OVERDUE, 0) > self.counts.get(Breakage.WORKER_DIED, 0)
        history = ", ".join(f"{count} x {failure}" for failure, count in sorted(self.counts.items()))
        reason = Reason.EMULATOR_TIMEOUT if overdue else Reason.WORKER_DIED
        return reason, f"gave up after {history}; last: {self.last_detail}"
