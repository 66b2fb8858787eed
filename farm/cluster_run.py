"""A run from replays to a dataset on a Ray cluster: join, plan, render, compile, and say how it went."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from farm.engine.loop import run
from farm.engine.stopping import StopSignals
from farm.planning.selection import Selection
from farm.pools.ray_metrics import ray_metrics
from farm.pools.ray_nodes import joined_cluster
from farm.pools.ray_pool import RayPool
from farm.pools.spot_notice import aws_notice
from farm.run import giving_up, plan_run
from farm.terminal.progress import clock, progress, tell_failures
from farm.terminal.scan_progress import scan_progress
from farm.terminal.slippi_options import chosen_slippi
from manifests.snapshot.finalize import finalize
from manifests.snapshot.status import dataset_status
from manifests.store.open import open_store
from workers.align.calibration import known_calibrations
from workers.job import RenderSettings, render_game

if TYPE_CHECKING:
    from farm.engine.loop import Summary
    from farm.engine.run_counts import RunCounts
    from farm.pools.ray_nodes import Cluster
    from farm.run import PlannedRun
    from farm.settings import FarmConfig
    from manifests.store.contract import Store

BYTES_PER_FRAME = 1270  # of video, before anything is known of this dataset: 300 GB for 236 million frames
GAME_FRAMES_PER_SECOND = 60  # what a slot is taken to render before anything is known
NOTICES = {"none": None, "aws": aws_notice}


def render_on_cluster(config: FarmConfig, *, num_local_slots: int) -> int:
    """Do everything; prints to stdout, progress to stderr; returns the exit status of the program.

    Args:
        config: Of the run.
        num_local_slots: What this machine offers, if a cluster of our own must be started on it.

    Raises:
        FarmError, DatasetError: as `farm.run.plan_run` and `farm.engine.loop.run` do.
    """
    output, errors = Console(), Console(stderr=True)
    settings = RenderSettings(
        config.out,
        config.emulator,
        scratch_base=config.scratch,
        frames_per_chunk=config.frames_per_chunk,
        stamp=config.stamp,
        slippi=chosen_slippi(config.emulator, asdict(config)),
        calibrations=known_calibrations(),
    )
    with joined_cluster(config.address, config.slots or num_local_slots) as cluster:
        _print_cluster(output, cluster)
        with scan_progress(errors) as show_scan:
            planned = plan_run(config.replays, settings, Selection(max_games=config.games), show_scan)
        store = open_store(settings.store_url)
        _print_plan(output, planned, store, config.slots or cluster.num_slots)
        summary = _render(planned, settings, config, errors) if planned.tasks else None
        finalize(store)
        return _print_end(output, planned, summary, store)


def _render(planned: PlannedRun, settings: RenderSettings, config: FarmConfig, console: Console) -> Summary:
    with (
        StopSignals() as stop,
        RayPool(
            render_game,
            settings,
            num_slots=config.slots,
            recycle_games=config.recycle_games,
            recycle_seconds=config.recycle_minutes * 60,
            watch_notice=NOTICES[config.notice],
        ) as pool,
        progress(console, log_seconds=config.log_seconds) as show,
    ):
        metrics = ray_metrics()

        def on_counts(counts: RunCounts) -> None:
            show(counts)
            metrics.on_counts(counts)

        return run(
            planned.tasks,
            pool,
            give_up=giving_up(settings),
            stop=stop,
            on_counts=on_counts,
            on_failure=tell_failures(console),
            on_result=metrics.on_result,
            on_event=metrics.on_event,
        )


def _print_cluster(console: Console, cluster: Cluster) -> None:
    kind = "Started a Ray cluster on this machine" if cluster.is_ours else "Joined the Ray cluster"
    console.print(
        f"{kind} at {cluster.address}: {cluster.num_nodes} nodes, {cluster.num_slots} slots", highlight=False
    )
    if cluster.dashboard_url:
        console.print(f"Dashboard: {cluster.dashboard_url}", highlight=False)


def _print_plan(console: Console, planned: PlannedRun, store: Store, num_slots: int) -> None:
    """What there is to do, and what it will take as far as the dataset itself tells."""
    num_games, num_frames = len(planned.tasks), planned.num_frames
    line = f"Plan: {num_games:,} games, {num_frames:,} frames to do; {planned.num_done:,} games done before."
    if num_games:
        status = dataset_status(store)
        bytes_per_frame = status.video_bytes / status.num_frames if status.num_frames else BYTES_PER_FRAME
        line += f" About {num_frames * bytes_per_frame / 1e6:,.0f} MB of video; "
        if status.num_frames and status.seconds_left is not None:
            line += f"{clock(status.seconds_left)} at the pace of the last hour."
        else:
            seconds = num_frames / (max(num_slots, 1) * GAME_FRAMES_PER_SECOND)
            line += f"{clock(seconds)} if {num_slots} slots render as fast as the game runs."
    console.print(line, highlight=False, soft_wrap=True)


def _print_end(console: Console, planned: PlannedRun, summary: Summary | None, store: Store) -> int:
    if summary is None:
        status = dataset_status(store)
        console.print(
            f"Nothing to do: {status.num_committed:,} games committed, {status.num_set_aside:,} set aside."
        )
        return 1 if planned.left_out else 0
    counts = summary.counts
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    rows = {
        "committed": counts.committed,
        "set aside": counts.set_aside,
        "done by another run": counts.already_done,
        "left undone": counts.left_undone,
        "not finished": counts.running + counts.waiting,
        **{f"attempts ended by {failure}": count for failure, count in sorted(counts.retries.items())},
    }
    for name, number in rows.items():
        if number or name == "committed":
            table.add_row(name, f"{number:,}")
    seconds = max(summary.wall_seconds, 1e-9)
    table.add_row("frames", f"{counts.frames_done:,}")
    table.add_row("frames a second", f"{counts.frames_done / seconds:,.0f}")
    table.add_row("wall time", clock(seconds))
    console.print(table)
    for result in summary.set_aside:
        console.print(
            f"set aside  {result.game_id[:12]}  {result.reason}: {result.detail}",
            markup=False,
            highlight=False,
        )
    if counts.exit_status == 2:  # noqa: PLR2004 - not finished
        console.print("Not finished; run the same command again to go on.")
    return max(counts.exit_status, 1 if planned.left_out else 0)
