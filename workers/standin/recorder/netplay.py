"""Write rollbacks as netplay leaves them in a file: frames from guessed inputs, then again from real ones.

The remote player's pad arrives late. Until then the game guesses that the inputs are still the same. If the
guess was wrong, the frames since then are simulated again. The file keeps every version, and the last one
written counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.standin.recorder.dice import Dice
    from workers.standin.recorder.match import Frame, Match
    from workers.standin.recorder.pad import Pad

MAX_ROLLBACK_FRAMES = 7  # as Slippi allows
MAX_CALM_LAG = 2  # frames by which the finalised index lags behind in quiet play


class Instance(NamedTuple):
    """One version of one frame as it goes into the file, with the newest frame known to be final."""

    frame: Frame
    finalized_slp_frame: int


@dataclass(frozen=True)
class Rollback:
    """A rollback: frames [first, first + depth) are first written from a guess.

    With `settled` 0 all of them are then rewritten. Otherwise only the first `settled` of them are right:
    the rest, and the next new frame, are guessed again and rewritten once more.
    """

    first_slp_frame: int
    depth: int
    settled: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAX_ROLLBACK_FRAMES or not 0 <= self.settled < self.depth:
            text = (
                f"a rollback of depth {self.depth}, {self.settled} settled; depth is 1 to 7, settled below it"
            )
            raise ValueError(text)

    @property
    def exclusive_end_slp_frame(self) -> int:
        """The first frame after the rollback that is not rewritten."""
        return self.first_slp_frame + self.depth + (1 if self.settled else 0)

    @property
    def num_rewritten(self) -> int:
        """How many versions of frames this rollback adds to the file."""
        return self.depth + (self.depth - self.settled + 1 if self.settled else 0)


class RollbackPlanner:
    """Decides, while the match is played, where rollbacks occur: mostly where the remote pad changes."""

    def __init__(self, share: float, dice: Dice) -> None:
        self._share = share
        self._dice = dice
        self._num_rewritten = 0
        self._free_from = FIRST_SLP_FRAME + 1

    def consider(self, slp_frame: int, *, remote_changed: bool) -> Rollback | None:
        """Return the rollback that begins at this frame, or None."""
        owed = self._share * (slp_frame - FIRST_SLP_FRAME + 1) - self._num_rewritten
        if owed < 1 or slp_frame < self._free_from:
            return None
        # A wrong guess needs a change of the remote pad, unless too many rollbacks are due already.
        if not remote_changed and owed < 2 * MAX_ROLLBACK_FRAMES:
            return None
        # The smaller of two draws: short rollbacks are more frequent, as on a good connection.
        depth = 1 + min(self._dice.below(MAX_ROLLBACK_FRAMES), self._dice.below(MAX_ROLLBACK_FRAMES))
        settled = self._dice.below(depth) if self._dice.chance(0.3) else 0
        rollback = Rollback(slp_frame, depth, settled)
        self._num_rewritten += rollback.num_rewritten
        self._free_from = rollback.exclusive_end_slp_frame
        return rollback


@dataclass(frozen=True)
class Played:
    """A match as it really went, with the data for guessed versions; lists are by frame, from -123."""

    frames: Sequence[Frame]
    pads: Sequence[tuple[Pad, Pad]]
    rollbacks: Sequence[Rollback]
    snapshots: dict[int, Match]  # the match before a slp_frame
    remote: int  # index of the player whose pad arrives late

    @property
    def last_slp_frame(self) -> int:
        """The slp_frame of the match's last frame."""
        return self.frames[-1].slp_frame

    def frame(self, slp_frame: int) -> Frame:
        """Return a frame as it really went."""
        return self.frames[slp_frame - FIRST_SLP_FRAME]

    def guess(self, first: int, exclusive_end: int) -> list[Frame]:
        """Return frames [first, exclusive_end) as they would go if the remote pad stayed as before them."""
        match = self.snapshots[first].copy()
        # The game's guess: the remote pad is the same as in the last frame that arrived.
        held = self.pads[first - 1 - FIRST_SLP_FRAME][self.remote]
        guessed = []
        for slp_frame in range(first, exclusive_end):
            true = self.pads[slp_frame - FIRST_SLP_FRAME]
            pads = (held, true[1]) if self.remote == 0 else (true[0], held)
            guessed.append(match.step(slp_frame, pads))
        return guessed


def instances(played: Played, *, unfinalised_tail: int, dice: Dice) -> Iterator[Instance]:
    """Yield every version of every frame, in the order in which the game writes them.

    The last `unfinalised_tail` frames are written once, from a guess, and never finalised.
    """
    exclusive_end = played.last_slp_frame + 1 - unfinalised_tail
    starts = {
        rollback.first_slp_frame: rollback
        for rollback in played.rollbacks
        if rollback.exclusive_end_slp_frame <= exclusive_end
    }
    slp_frame, finalized = FIRST_SLP_FRAME, FIRST_SLP_FRAME
    while slp_frame < exclusive_end:
        rollback = starts.get(slp_frame)
        if rollback is None:
            is_last = slp_frame == exclusive_end - 1
            lag = 0 if is_last or dice.chance(0.7) else dice.below(MAX_CALM_LAG + 1)
            finalized = max(finalized, slp_frame - lag)
            yield Instance(played.frame(slp_frame), finalized)
            slp_frame += 1
        else:
            yield from _rewritten(played, rollback)
            slp_frame = rollback.exclusive_end_slp_frame
            finalized = slp_frame - 1
    if unfinalised_tail:
        for frame in played.guess(exclusive_end, played.last_slp_frame + 1):
            yield Instance(frame, exclusive_end - 1)


def _rewritten(played: Played, rollback: Rollback) -> Iterator[Instance]:
    first, depth, settled = rollback.first_slp_frame, rollback.depth, rollback.settled
    for frame in played.guess(first, first + depth):
        yield Instance(frame, first - 1)
    if not settled:
        for slp_frame in range(first, first + depth):
            yield Instance(played.frame(slp_frame), slp_frame)
        return
    for slp_frame in range(first, first + settled):
        yield Instance(played.frame(slp_frame), slp_frame)
    for frame in played.guess(first + settled, first + depth + 1):
        yield Instance(frame, first + settled - 1)
    for slp_frame in range(first + settled, first + depth + 1):
        yield Instance(played.frame(slp_frame), slp_frame)
