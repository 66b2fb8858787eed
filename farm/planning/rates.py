"""Chooses how strongly videos are compressed so that a plan fits into a number of bytes.

    games -> a few to try -> bytes per frame at some CRFs -> the finest CRF whose plan fits

This module only calculates: `workers.rates_job` measures the bytes at each CRF.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from farm.amounts import size_text
from workers.errors import FarmError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.ledger.plan import GameToPlan

FINEST_CRF: Final = 18.0
"""Finest CRF that a budget can give: `farm bench bytes` shows that nothing more can be seen below it."""
COARSEST_CRF: Final = 30.0
"""Coarsest CRF that a budget can give: beyond it less than 99.5 % of clock and damage can be read back in
some games (`farm bench bytes`; in one replay 99.53 % at CRF 30, 99.23 % at 32)."""
CRF_STEP: Final = 0.5
SPARE_SHARE: Final = 0.05
"""Share of the budget that is left free, since a few games are measured and many rendered."""
NUM_TRIALS: Final = 8


class BudgetTooSmall(FarmError):  # noqa: N818 - named like its siblings
    """The plan does not fit into the budget at any allowed CRF."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The bytes per frame at one CRF.

    Attributes:
        crf: x264's constant quality.
        bytes_per_frame: bytes of video and states together, per frame.
    """

    crf: float
    bytes_per_frame: float


@dataclass(frozen=True, slots=True)
class BudgetChoice:
    """The CRF that a budget allows, and how it was found.

    Attributes:
        crf: the finest CRF that fits.
        bytes_per_frame: the bytes per frame expected at that CRF.
        num_frames: number of frames of the plan.
        budget_bytes: the budget for the whole dataset.
        rates: the measured rates, from the finest to the coarsest CRF.
        num_trials: number of games that were measured.
    """

    crf: float
    bytes_per_frame: float
    num_frames: int
    budget_bytes: int
    rates: tuple[Rate, ...]
    num_trials: int


def games_to_try(games: Sequence[GameToPlan], count: int = NUM_TRIALS) -> list[GameToPlan]:
    """Choose at most `count` games whose lengths are spread like those of all; each call chooses the same."""
    by_length = sorted(games, key=lambda game: (game.num_frames, game.game_id))
    if len(by_length) <= count:
        return by_length
    return [by_length[(2 * number + 1) * len(by_length) // (2 * count)] for number in range(count)]


def mean_rates(trials: Iterable[tuple[int, dict[float, int]]]) -> tuple[Rate, ...]:
    """Return the bytes per frame at each CRF over trials of (number of frames, bytes by CRF).

    Raises:
        ValueError: there is no trial, or the trials have different CRFs.
    """
    found = list(trials)
    if not found or any(sizes.keys() != found[0][1].keys() for _, sizes in found):
        message = "rates need trials, all at the same CRFs"
        raise ValueError(message)
    num_frames = sum(frames for frames, _ in found)
    return tuple(Rate(crf, sum(sizes[crf] for _, sizes in found) / num_frames) for crf in sorted(found[0][1]))


def bytes_per_frame_at(rates: Sequence[Rate], crf: float) -> float:
    """Return the bytes per frame at a CRF between, or near, the measured ones.

    The logarithm of the bytes is interpolated linearly between neighbours, which is right within 2 % for a
    distance of five; beyond the ends the line of the last two is continued.

    Args:
        rates: at least two rates, in order of their CRF.
        crf: the CRF asked for.
    """
    number = next((k for k in range(1, len(rates)) if crf <= rates[k].crf), len(rates) - 1)
    low, high = rates[number - 1], rates[number]
    share = (crf - low.crf) / (high.crf - low.crf)
    logarithm = (1 - share) * math.log(low.bytes_per_frame) + share * math.log(high.bytes_per_frame)
    return math.exp(logarithm)


def choose_crf(
    rates: Sequence[Rate], num_frames: int, budget_bytes: int, num_trials: int = 0
) -> BudgetChoice:
    """Choose the finest CRF at which a plan fits into a budget, leaving SPARE_SHARE of it free.

    Args:
        rates: the measured rates, at least two, in order of their CRF.
        num_frames: number of frames of the whole plan.
        budget_bytes: bytes for videos and states together.
        num_trials: number of games that were measured.

    Raises:
        BudgetTooSmall: the plan does not fit at COARSEST_CRF; the message has the bytes at each CRF.
    """
    may_take = budget_bytes * (1 - SPARE_SHARE)
    for step in range(round((COARSEST_CRF - FINEST_CRF) / CRF_STEP) + 1):
        crf = FINEST_CRF + step * CRF_STEP
        cost = bytes_per_frame_at(rates, crf)
        if cost * num_frames <= may_take:
            return BudgetChoice(crf, cost, num_frames, budget_bytes, tuple(rates), num_trials)
    table = "; ".join(
        f"CRF {crf:g}: {size_text(bytes_per_frame_at(rates, crf) * num_frames)}"
        for crf in (FINEST_CRF, 23.0, 28.0, COARSEST_CRF)
    )
    message = (
        f"{num_frames:,} frames do not fit into {size_text(budget_bytes)}, {SPARE_SHARE:.0%} of it "
        f"kept free: {table}. Give a larger --budget or fewer games; no CRF above {COARSEST_CRF:g} is chosen"
    )
    raise BudgetTooSmall(message)
