"""All thresholds that decide whether a game counts as aligned, each with the measurement behind it.

`farm bench align` repeats the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LogThresholds:
    """Thresholds for when log lines can tell, and when they show a shift.

    Attributes:
        window_lines: lines per window, in which the most frequent lag is looked for; 240 are four seconds.
        min_mode_share: a window is judged if at least this share of its lines has the most frequent lag.
        min_judged_share: the log abstains if less than this share of its windows can be judged.
        min_shifted_windows: a shift counts if at least this many windows at the end have another lag.
    """

    window_lines: int = 240
    min_mode_share: float = 0.5
    min_judged_share: float = 0.5
    min_shifted_windows: int = 2


@dataclass(frozen=True, slots=True)
class StampThresholds:
    """The threshold for when a stream counts as stamped, if the caller does not know.

    Attributes:
        min_valid_share: the least share of its pictures that must carry a readable stamp.
    """

    min_valid_share: float = 0.5


@dataclass(frozen=True, slots=True)
class MotionThresholds:
    """Thresholds for how motion is compared, when it can tell, and when it shows a shift.

    Attributes:
        max_lag: lags from -max_lag to +max_lag frames are compared.
        whitening_frames: changes slower than this many frames are removed from both sides.
        clip_deviations: whitened values are clipped at this many standard deviations.
        noise_order: order of the linear prediction by which the noise is made white: each picture's noise
            is predicted from that of this many pictures before it, and the prediction is subtracted.
        bound_deviations: decorrelated values are clipped at this many standard deviations.
        min_frames: the shortest stretch that is judged, in frames; over fewer, noise looks like motion.
        min_margin: standard errors by which the best lag must stand above every other to count. Of 1,281
            stretches of 146 foreign pictures 4 reached it, and none reached 2.2; of 384 shifted stretches of
            146 frames, half of them re-encoded, the one with a wrong lag reached 0.56.
        window_step: frames from one window's start to the next.
        window_scales: pairs of (sigmas, least share). A window is long enough when the motion predicted for
            it stands `sigmas` standard deviations above the noise; it is broken if it shows less than the
            least share of that motion. Short windows find short faults, but their share varies more. Shares
            of 64 clean games (14 real, 50 recorded) went down to -0.02, 0.28, 0.54, 0.71, 0.84 at 10, 14,
            20, 28, 40 sigmas; those of foreign pictures lie around 0, deviating by 1 / sigmas or less.
        rival_sigmas: a window of the shortest scale is broken, too, if another lag explains it better by
            this many standard deviations; the same clean games went up to 2.6.
        end_sigmas: an end of a stretch is compared with the rest of it if the predicted motion of each of the
            two stands this many standard deviations above the noise.
        end_least_share: an end is broken if it shows less than this share of the motion predicted at the
            gain of the rest; the ends of the 64 clean games went down to 0.43.
        least_backward: two pictures count as swapped if the change between them points against the change
            over all four pictures around them by at least this cosine. Among 160,936 pictures of the 64
            clean games the worst had 0.33; of 12,800 swaps 80 % are found, and of 640 others 64 % if
            pictures after a hit are not judged. The same holds for 17 of the games in darker, brighter and
            smaller pictures; at CRF 35 one picture had 0.51.
        least_onward: the four pictures before and the four after a swap must continue in one direction by at
            least this cosine.
        shaken_frames: the order of pictures is not judged for this many frames after a hit or a death. A
            camera may shake there, and shaking across a pan looks like pictures that changed places.
        least_part_of_usual: a clean game reaches at least this part of the calibrated gain: the 64 games
            reached gains of 0.37 to 0.60, with a median of 0.48.
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
    """Thresholds for how much evidence must agree before a game is called aligned.

    Attributes:
        required: evidence without which there is no verdict.
        min_agreeing: this many observers must be available and agree, including the required ones.
        min_throughout_confidence: an offset of at least this confidence that exists from the start holds for
            the whole game, so it is the emulator's own.
        max_start_frames: an offset exists from the start if it begins within this many frames.
    """

    required: tuple[str, ...] = ("count",)
    min_agreeing: int = 2
    min_throughout_confidence: float = 0.9
    max_start_frames: int = 240


LOG: Final = LogThresholds()
STAMP: Final = StampThresholds()
MOTION: Final = MotionThresholds()
VERDICT: Final = VerdictThresholds()
