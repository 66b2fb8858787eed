"""`farm bench scheduling`: measures the cost of handing out games, with games that do nothing."""

from __future__ import annotations

import json
import resource
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from farm.engine.loop import run
from farm.engine.stopping import StopSignals
from farm.pools import ray_environment
from farm.pools.local_pool import LocalPool
from farm.terminal.waiting import waiting

if TYPE_CHECKING:
    from pathlib import Path

    from farm.engine.loop import Summary
    from farm.engine.pool import Pool
    from manifests.ledger.reasons import Reason

EXAMPLE = """\b
Examples:
  farm bench scheduling
  farm bench scheduling --games 220000 --slots 4 --pool ray --json
"""
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class NullGame:
    """A game that ends as soon as it begins. Lengths differ, so that there is something to sort by."""

    game_id: str
    num_frames: int

    def for_attempt(self, number: int, *, is_last: bool) -> NullGame:  # noqa: ARG002 - the protocol's
        """Return the game itself: no attempt ever fails."""
        return self

    def as_canary(self) -> NullGame:
        """Return the game itself: no machine is judged by it."""
        return self


@dataclass(frozen=True, slots=True)
class NullSettings:
    """The settings of a run that does nothing."""

    scratch_base: Path | None = None


@dataclass(frozen=True, slots=True)
class NullResult:
    """The result of a game, as large as a real one, since sending it is part of the cost."""

    game_id: str
    num_frames: int
    status: str = "committed"
    reason: Reason | None = None
    detail: str = "aligned: count, log, stamp and motion agree on 0 frames"
    num_chunks: int = 3
    video_bytes: int = 12_345_678
    wall_seconds: float = 123.456
    cpu_seconds: float = 234.567


@dataclass(frozen=True, slots=True)
class SchedulingTrial:
    """The time and memory that handing out all games took.

    Attributes:
        pool: `local` or `ray`.
        games: Number of games.
        slots: Number of games at a time.
        wall_seconds: Time from the first game handed out to the last result.
        driver_cpu_seconds: Processor time of this process alone in that time.
        driver_cpu_ms_per_game: Milliseconds of that processor time per game.
        driver_megabytes_before: Resident memory with the cluster joined and the tasks made.
        driver_megabytes_peak: The most resident memory at any time.
    """

    pool: str
    games: int
    slots: int
    wall_seconds: float
    driver_cpu_seconds: float
    driver_cpu_ms_per_game: float
    driver_megabytes_before: float
    driver_megabytes_peak: float


def render_nothing(task: NullGame, settings: NullSettings) -> NullResult:  # noqa: ARG001 - a job's signature
    """Return a result at once, where a real job would render."""
    return NullResult(task.game_id, task.num_frames)


@click.command(epilog=EXAMPLE)
@click.option(
    "--games", type=click.IntRange(min=1), default=22000, show_default=True, help="Number of games."
)
@click.option("--slots", type=click.IntRange(min=1), default=4, show_default=True, help="Games at a time.")
@click.option(
    "--pool",
    "kind",
    type=click.Choice(["local", "ray"]),
    default="ray",
    show_default=True,
    help="Processes of this machine, or a Ray cluster, started here if there is none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(games: int, slots: int, kind: str, *, as_json: bool) -> None:
    """Measure what handing out games costs, with games that do nothing.

    The pool, the queue and the loop are those of a real run; only the rendering is left out.
    """
    tasks = [NullGame(f"{number:064x}", 3600 + number * 7919 % 20000) for number in range(games)]
    with ExitStack() as stack:
        pool = stack.enter_context(_pool(kind, slots, stack))
        before, cpu = _resident_megabytes(), _cpu_seconds()
        started = time.monotonic()
        with waiting(f"handing out {games:,} games", is_measuring=True):
            summary = _run(tasks, pool)
        wall, cpu = time.monotonic() - started, _cpu_seconds() - cpu
    if summary.counts.committed != games:
        message = f"{summary.counts.committed:,} of {games:,} games were done"
        raise click.ClickException(message)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEGABYTE
    peak = max(peak, before)  # the kernel's two counts of memory may differ by a few pages
    measured = SchedulingTrial(kind, games, slots, wall, cpu, cpu / games * 1000, before, peak)
    click.echo(json.dumps(asdict(measured), indent=2) if as_json else _as_text(measured))


def _run(tasks: list[NullGame], pool: Pool[NullGame]) -> Summary:
    def give_up(task: NullGame, reason: Reason, detail: str) -> NullResult:
        return NullResult(task.game_id, task.num_frames, "set_aside", reason, detail)

    with StopSignals() as stop:
        return run(tasks, pool, give_up=give_up, stop=stop)


def _pool(kind: str, slots: int, stack: ExitStack) -> Any:
    """Return a pool that is not entered; if no cluster can be joined, one of our own ends with the stack."""
    settings = NullSettings()
    if kind == "local":
        return LocalPool(render_nothing, settings, num_slots=slots, recycle_games=1 << 30)
    ray_environment.prepare()
    from farm.pools.ray_nodes import joined_cluster  # noqa: PLC0415 - Ray is not installed everywhere
    from farm.pools.ray_pool import RayPool  # noqa: PLC0415

    stack.enter_context(joined_cluster(None, slots))
    return RayPool(render_nothing, settings, num_slots=slots, recycle_games=1 << 30)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_megabytes() -> float:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - a file of the kernel's
        return int(statm.read().split()[1]) * resource.getpagesize() / _MEGABYTE


def _as_text(measured: SchedulingTrial) -> str:
    pace = measured.games / measured.wall_seconds
    return (
        f"{measured.games:,} games on {measured.slots} slots ({measured.pool}): "
        f"{measured.wall_seconds:.1f} s, {pace:,.0f} a second; "
        f"driver: {measured.driver_cpu_ms_per_game:.2f} ms of processor a game, "
        f"{measured.driver_megabytes_before:.0f} MB before, {measured.driver_megabytes_peak:.0f} MB at most"
    )
