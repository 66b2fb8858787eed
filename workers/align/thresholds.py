"""Every number that decides what counts as aligned, in one place, each with the measurement that set it.

`farm bench align` measures them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LogThresholds:
    """When the log's lines can tell, and when they speak of a shift.

    Attributes:
        window_lines: lines whose most frequent lag is looked at; 240 are four seconds.
        min_mode_share: a window is judged if so many of its lines agree.
        min_judged_share: the log abstains if fewer of its windows can be judged.
        min_shifted_windows: so many windows at the end must differ for the shift to be one.
    """

    window_lines: int = 240
    min_mode_share: float = 0.5
    min_judged_share: float = 0.5
    min_shifted_windows: int = 2


@dataclass(frozen=True, slots=True)
class StampThresholds:
    """When a stream counts as stamped, if the caller does not know."""

    min_valid_share: float = 0.5


@dataclass(frozen=True, slots=True)
class MotionThresholds:
    """How motion is compared, when it can tell, and when it speaks of a shift.

    Attributes:
        max_lag: frames; lags from -max_lag to +max_lag are compared.
        whitening_frames: what changes more slowly than this is taken out of both sides.
        clip_deviations: no frame counts for more than so many standard deviations.
        noise_order: so many pictures back the noise of one picture is foretold, and the foretold taken out.
        bound_deviations: after that, no frame counts for more than so many standard deviations.
        min_frames: a stretch must be that long at least: over fewer frames noise cannot be told from motion.
        min_margin: standard errors by which the best lag must stand above every other to count. Of 1,281
            stretches of 146 foreign pictures 4 reached it, none 2.2; of 384 stretches of 146 frames, shifted,
            half of them re-encoded, the one with a wrong lag reached 0.56.
        window_step: frames from one window's start to the next.
        window_scales: (sigmas, least share) each. A window is long enough when the motion predicted for it
            stands `sigmas` above the noise; it is broken if it shows less than the least share of that.
            Short windows see short faults and must allow for a quiet moment; long ones need not. Shares
            of 64 clean games (14 real, 50 recorded) went down to -0.02, 0.28, 0.54, 0.71, 0.84 at 10, 14,
            20, 28, 40 sigmas; those of foreign pictures lie around 0, deviating by 1 / sigmas or less.
        rival_sigmas: so is one of the shortest that another lag explains better by so many deviations;
            the same clean games went up to 2.6.
        end_sigmas: an end of a stretch is compared with the rest of it if the motion predicted for each
            stands so many `sigmas` above the noise.
        end_least_share: it is broken if it shows less than this share at the rest's gain; the ends of the
            64 clean games went down to 0.43.
        least_backward: two pictures changed places where the middle of four points back by this cosine,
        least_onward: and the four before and the four after point on by this one. Among 160,936 pictures of
            the 64 clean games the next to it was one of -0.33; of 12,800 swaps 80 % are beyond, and
            64 % of 640 more with those left out that follow a hit. The same for 17 of the games in
            darker, brighter, smaller pictures; at CRF 35 one was at -0.51.
        shaken_frames: for so long after a hit or a death the order of pictures is not judged: there a
            camera may tremble, and a tremble across a pan cannot be told from pictures that changed places.
        least_part_of_usual: a clean game reaches at least this part of the calibrated gain: the 64 reached
            0.37 to 0.60, their median 0.48.
    """

    max_lag: int = 30
    whitening_frames: int = 15
    clip_deviations: float = 4.0
    noise_order: int = 2
    bound_deviations: float = 2.0
    min_frames: int = 100
    min_margin: float = 2.0
    window_step: int = 15
    window_scales: tuple[tuple[float, float], ...] = (
        (10.0, -0.3),
        (14.0, 0.08),
        (20.0, 0.33),
        (28.0, 0.52),
        (40.0, 0.68),
    )
    rival_sigmas: float = 5.0
    end_sigmas: float = 10.0
    end_least_share: float = 0.25
    least_backward: float = 0.5
    least_onward: float = 0.3
    shaken_frames: int = 30
    least_part_of_usual: float = 0.6


@dataclass(frozen=True, slots=True)
class VerdictThresholds:
    """How much must agree before a game is called aligned.

    Attributes:
        required: evidence without which there is no verdict.
        min_agreeing: this many must be available and agree, the required ones included.
        min_throughout_confidence: an offset with this confidence holds for the whole game, so it is the
            emulator's own; if it is there from the start:
        max_start_frames: not later than so many frames after the first.
    """

    required: tuple[str, ...] = ("count",)
    min_agreeing: int = 2
    min_throughout_confidence: float = 0.9
    max_start_frames: int = 240


LOG: Final = LogThresholds()
STAMP: Final = StampThresholds()
MOTION: Final = MotionThresholds()
VERDICT: Final = VerdictThresholds()
