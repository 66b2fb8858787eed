"""Calculates medians, spreads and ratios from the runs of `farm bench capture`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.bench._capture_ways import DRAINED_WAY, NO_DUMP_WAY, PEERS_WAY, WORKER_WAY, X264_WAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from farm.bench._capture_run import CaptureRun

_PER = 1000  # number of frames for which processor time is given
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that was measured several times.

    Attributes:
        median: median of all runs.
        low: the smallest.
        high: the largest.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WayFigures:
    """The cost of one way, over its rounds.

    Attributes:
        game_frames_per_second: pace while the game ran; None if that is not known.
        frames_per_second: pace of all processes of a round together, including start and end of the emulator.
        cpu_seconds_per_1000: processor time for 1,000 frames.
        right_share: share of frames whose picture, by index, shows them; None if no video is made.
        memory_megabytes: the most memory of one process of the way with its children.
        scratch_megabytes: the most megabytes that one process had on disk.
    """

    game_frames_per_second: Spread | None
    frames_per_second: Spread
    cpu_seconds_per_1000: Spread
    right_share: float | None
    memory_megabytes: Spread
    scratch_megabytes: Spread


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure divided by its limit or by its peer's figure in the same run.

    Attributes:
        what: the two figures that are divided, in words.
        value: the median over the rounds of each round's own ratio.
        low: the smallest of these ratios.
        high: the largest of these ratios.
        aim: what the ratio should be; None without an aim.
        is_at_most: whether the aim is an upper bound, and not a lower one.
    """

    what: str
    value: float
    low: float
    high: float
    aim: float | None
    is_at_most: bool


def figures(rounds: Sequence[Sequence[CaptureRun]]) -> WayFigures:
    """Calculate one way's figures from its rounds, each the runs of one or more processes side by side."""
    runs = [run for runs in rounds for run in runs]
    right = [run.num_right / run.num_frames for run in runs if run.num_right is not None]
    game = [run.num_frames / run.game_seconds for run in runs if run.game_seconds]
    return WayFigures(
        _spread(game) if game else None,
        _spread([_pace(each) for each in rounds]),
        _spread([_cpu(each) for each in rounds]),
        min(right) if right else None,
        _spread([run.memory_bytes / _MEGABYTE for run in runs]),
        _spread([run.scratch_bytes / _MEGABYTE for run in runs]),
    )


def ratios(rounds: Mapping[str, Sequence[Sequence[CaptureRun]]]) -> list[Ratio]:
    """Compare the whole worker with its limits and with the peers' way, round by round.

    Args:
        rounds: for each way, its rounds; round k of every way ran next to round k of the others.
    """
    found = []
    for emulator, aim in ((NO_DUMP_WAY, 1.25), (DRAINED_WAY, 1.10)):
        if {emulator, X264_WAY, WORKER_WAY} <= rounds.keys():
            found.append(_against(rounds, (emulator, X264_WAY), "CPU", _cpu, aim))
    if {DRAINED_WAY, X264_WAY, WORKER_WAY} <= rounds.keys():
        # This is no limit, since both can run at the same time, but it shows which one is waited for.
        found.append(_against(rounds, (DRAINED_WAY, X264_WAY), "time", _seconds, None))
    if {PEERS_WAY, WORKER_WAY} <= rounds.keys():
        for what, figure in (
            ("frames per CPU second", lambda runs: 1 / _cpu(runs)),
            ("frames per second", _pace),
        ):
            each = [
                figure(ours) / figure(theirs)
                for ours, theirs in zip(rounds[WORKER_WAY], rounds[PEERS_WAY], strict=True)
            ]
            found.append(_ratio(f"{what}: {WORKER_WAY} / {PEERS_WAY}", each, aim=1.5, is_at_most=False))
    return found


def _against(
    rounds: Mapping[str, Sequence[Sequence[CaptureRun]]],
    limit: tuple[str, ...],
    what: str,
    figure: Callable[[Sequence[CaptureRun]], float],
    aim: float | None,
) -> Ratio:
    limits = zip(*(rounds[way] for way in limit), strict=True)
    each = [
        figure(ours) / sum(figure(part) for part in parts)
        for ours, parts in zip(rounds[WORKER_WAY], limits, strict=True)
    ]
    return _ratio(f"{what}: {WORKER_WAY} / ({' + '.join(limit)})", each, aim=aim, is_at_most=True)


def _ratio(what: str, each: Sequence[float], *, aim: float | None, is_at_most: bool) -> Ratio:
    spread = _spread(each)
    return Ratio(what, spread.median, spread.low, spread.high, aim, is_at_most)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def _pace(runs: Sequence[CaptureRun]) -> float:
    """Return the frames per second of all processes of a round together."""
    return sum(run.num_frames for run in runs) / max(run.wall_seconds for run in runs)


def _seconds(runs: Sequence[CaptureRun]) -> float:
    """Return the wall time of a round, which is that of its slowest process."""
    return max(run.wall_seconds for run in runs)


def _cpu(runs: Sequence[CaptureRun]) -> float:
    """Return the processor seconds per 1,000 frames."""
    return _PER * sum(run.cpu_seconds for run in runs) / sum(run.num_frames for run in runs)
