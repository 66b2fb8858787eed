"""`farm bench makespan`: compares how long simulated runs last with the least time that they could take."""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table

from farm.bench._virtual_pool import SimulatedFarm, SimulatedGame, SimulatedResult, VirtualPool
from farm.engine.canary import Canaries
from farm.engine.loop import run
from farm.engine.stopping import StopSignals
from farm.terminal.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from farm.engine.loop import Summary
    from farm.engine.run_counts import RunCounts
    from manifests.ledger.reasons import Reason

EXAMPLE = """\b
Examples:
  farm bench makespan
  farm bench makespan --slots 96 --games 5000 --seeds 5 --json
"""
AIM: Final = 1.02
MEAN_FRAMES: Final = 207_000_000 / 22_049
"""Mean length of the games of the largest public set."""
_LONGEST_FRAMES: Final = 28_923  # a game that its timer of eight minutes ends
_SHORTEST_FRAMES: Final = 60
_REAL_LENGTHS: Final = (
    142, 146, 308, 941, 1038, 2306, 3363, 3534, 4791, 5023, 7375, 7780, 8866, 9277, 10373,
)  # fmt: skip
"""Frames of fifteen public replays, including games that were broken off early."""
_SPREAD: Final = 0.25  # each length is varied by a factor whose logarithm has this deviation
_MOST_SLOTS_PER_NODE: Final = 8
_HOPELESS_SHARE: Final = 0.002
_CALM: Final[dict[str, Any]] = {
    "failing_share": 0.0, "dying_share": 0.0, "late_share": 0.0, "node_life_seconds": math.inf,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MakespanTrial:
    """One simulated run.

    Attributes:
        slots, nodes: number of emulators, and of machines that they are on.
        weather: `calm` if nothing goes wrong, or `rough`.
        games, frames: number of games and frames to render.
        hours: from the beginning of the run to its last result.
        ideal_hours: the time in which the slots that existed could do all work without idling: all games, and
            the attempts lost to failures and lost machines; at least that of the longest game.
        over_ideal: hours / ideal_hours, which is the cost of the order of games and of idle slots.
        over_useful: hours over the same ideal for only those games that ended well, each played once.
        tail_seconds: from the first moment at which a slot found no game left to the end.
        retries: attempts that ended without a result.
        set_aside: games that never end well, and were set aside.
        left_undone: games that the run gave up without a verdict.
        driver_seconds: processor time that the real engine and the simulation took here.
    """

    slots: int
    nodes: int
    weather: str
    games: int
    frames: int
    hours: float
    ideal_hours: float
    over_ideal: float
    over_useful: float
    tail_seconds: float
    retries: int
    set_aside: int
    left_undone: int
    driver_seconds: float


@click.command(epilog=EXAMPLE)
@click.option(
    "--games", type=click.IntRange(min=1), default=22_000, show_default=True, help="Number of games."
)
@click.option(
    "--slots",
    "sizes",
    multiple=True,
    type=click.IntRange(min=1),
    default=(6, 64, 512),
    show_default=True,
    help="Emulators of the farm, at most 8 a machine; may be given again.",
)
@click.option(
    "--frames-per-second",
    "pace",
    type=click.FloatRange(min=1),
    default=SimulatedFarm(1, 1).frames_per_second,
    show_default=True,
    help="Pace of a slot.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Simulate each farm with this many seeds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(games: int, sizes: tuple[int, ...], pace: float, seeds: int, *, as_json: bool) -> None:
    """Simulate runs in virtual time: the real queue, retry rule and canary on simulated machines.

    The lengths of the games are those of public replays, varied, with the mean of the largest public set. In
    rough weather machines come late, the cloud takes them back every six hours, attempts fail, workers die,
    and a few games never end well. The ideal run has no idle slot: it takes the time in which the slots that
    existed could do all the work.
    """
    farms = [farm_of(slots, pace) for slots in sizes]
    tasks = simulated_games(games)
    with waiting(f"simulating {games:,} games on {', '.join(map(str, sizes))} slots", is_measuring=True):
        rows = [
            simulate(tasks, farm, weather, seed)
            for farm in farms
            for weather in ("calm", "rough")
            for seed in range(seeds)
        ]
    if as_json:
        click.echo(json.dumps({"aim": AIM, "measured": [asdict(row) for row in rows]}, indent=2))
        return
    Console().print(_table(rows))


def simulated_games(number: int, seed: int = 1) -> list[SimulatedGame]:
    """Make games with the known distribution of lengths; the same games each time."""
    draw = random.Random(seed)
    scale = MEAN_FRAMES / (sum(_REAL_LENGTHS) / len(_REAL_LENGTHS))
    games = []
    for index in range(number):
        frames = scale * draw.choice(_REAL_LENGTHS) * draw.lognormvariate(-(_SPREAD**2) / 2, _SPREAD)
        length = round(min(max(frames, _SHORTEST_FRAMES), _LONGEST_FRAMES))
        games.append(SimulatedGame(f"{index:064x}", length, draw.random() < _HOPELESS_SHARE))
    return games


def farm_of(num_slots: int, frames_per_second: float) -> SimulatedFarm:
    """Divide slots among as few machines as possible."""
    nodes = -(-num_slots // _MOST_SLOTS_PER_NODE)
    if num_slots % nodes:
        message = f"{num_slots} slots cannot be divided evenly among {nodes} machines of at most 8"
        raise click.UsageError(message)
    return SimulatedFarm(nodes, num_slots // nodes, frames_per_second)


def simulate(tasks: Sequence[SimulatedGame], farm: SimulatedFarm, weather: str, seed: int) -> MakespanTrial:
    """Run the real engine on simulated machines, and compare its time with the ideal."""
    if weather == "calm":
        farm = replace(farm, **_CALM)
        tasks = [replace(task, is_hopeless=False) for task in tasks]
    used = time.process_time()
    full_until = [0.0]
    with VirtualPool(farm, seed) as pool:
        summary = _run(tasks, pool, full_until)
    used = time.process_time() - used
    seconds, presence = summary.wall_seconds, pool.presence()
    useful = max(seconds_until(presence, pool.useful_seconds), pool.longest_seconds)
    ideal = max(seconds_until(presence, pool.useful_seconds + pool.lost_seconds), pool.longest_seconds)
    counts = summary.counts
    return MakespanTrial(
        farm.num_nodes * farm.slots_per_node, farm.num_nodes, weather, len(tasks),
        sum(task.num_frames for task in tasks), seconds / 3600, ideal / 3600, seconds / ideal,
        seconds / useful, seconds - full_until[0], counts.retries.total(), counts.set_aside,
        counts.left_undone, used,
    )  # fmt: skip


def _run(tasks: Sequence[SimulatedGame], pool: VirtualPool, full_until: list[float]) -> Summary:
    def give_up(task: SimulatedGame, reason: Reason, detail: str) -> SimulatedResult:
        return SimulatedResult(task.game_id, "set_aside", task.num_frames, reason, detail)

    def note(counts: RunCounts) -> None:
        if counts.waiting:
            full_until[0] = pool.now()

    return run(
        tasks,
        pool,
        give_up=give_up,
        stop=StopSignals(),
        canaries=Canaries(),
        on_counts=note,
        clock=pool.now,
    )


def seconds_until(presence: Iterable[tuple[float, float, float]], slot_seconds: float) -> float:
    """Return when machines that came and went had provided an amount of slot time; infinite if never.

    Args:
        presence: each machine's coming and going, in seconds, and how many usual slots it is worth.
        slot_seconds: the amount, as seconds of one usual slot.
    """
    steps = sorted(
        (moment, change)
        for came, went, slots in presence
        for moment, change in ((came, slots), (went, -slots))
    )
    rate = reached = before = 0.0
    for moment, change in steps:
        if rate > 0 and reached + rate * (moment - before) >= slot_seconds:
            return before + (slot_seconds - reached) / rate
        reached += rate * (moment - before)
        rate, before = rate + change, moment
    return math.inf


def _table(rows: Sequence[MakespanTrial]) -> Table:
    columns = ("slots", "weather", "hours", "over ideal", "over useful", "tail, s", "vain", "aside")
    table = Table(*columns, title=f"{rows[0].games:,} games, {rows[0].frames:,} frames; aim {AIM}")
    for row in rows:
        figures = (row.over_ideal, row.over_useful)
        table.add_row(
            f"{row.slots}",
            row.weather,
            f"{row.hours:,.2f}",
            *(f"{figure:.4f}" for figure in figures),
            f"{row.tail_seconds:.0f}",
            f"{row.retries:,}",
            f"{row.set_aside + row.left_undone:,}",
        )
    return table
