"""A run from replays to a finished dataset on this machine: scan, plan, render, compile the manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from farm.engine.loop import run
from farm.engine.metrics import RunMetrics, Unheard
from farm.engine.stopping import StopSignals
from farm.planning.catalogue import build_catalogue
from farm.planning.player_key import player_key
from farm.planning.selection import Selection
from farm.pools.local_pool import LocalPool
from manifests.ledger.dataset import DatasetDescription, Rectangle, VideoContract, open_or_create
from manifests.ledger.entry import LedgerEntry, Status, done_game_ids, read_entries, write_entry
from manifests.ledger.plan import append_plan, pending_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.finalize import finalize
from manifests.state.schema import SCHEMA_VERSION as STATE_SCHEMA_VERSION
from manifests.store.open import open_store
from manifests.video.stamp import SEED_COLUMN, stamp_rectangle
from workers.errors import RenderFailed
from workers.job import GameResult, RenderSettings, RenderTask, render_game, set_aside
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.emulator_setup import emulator_setup
from workers.rendering.publish import run_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from farm.engine.attempts import FailedAttempt
    from farm.engine.run_counts import RunCounts
    from farm.planning.catalogue import LeftOut
    from manifests.store.contract import Store
    from workers.rendering.emulator_setup import EmulatorSetup


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a run did, and how all the games that it was given stand now.

    Attributes:
        entries: ledger entries of the games given, in order of game_id; those without one are not finished.
        left_out: replays without a ledger entry: duplicates, not asked for, or not readable as files at all.
        num_games: distinct games given.
        num_new: games whose entry was written by this run.
        wall_seconds: of the rendering.
        sources: where each game's replay is, by game_id.
    """

    entries: tuple[LedgerEntry, ...]
    left_out: tuple[LeftOut, ...]
    num_games: int
    num_new: int
    wall_seconds: float
    sources: dict[str, str] = field(repr=False)

    @property
    def exit_status(self) -> int:
        """0 if every game is committed, 1 if some replay was set aside, 2 if some game has no entry yet."""
        if len(self.entries) < self.num_games:
            return 2
        set_aside_any = any(entry.status is Status.SET_ASIDE for entry in self.entries)
        return 1 if set_aside_any or self.left_out else 0


def render(
    sources: Sequence[str],
    settings: RenderSettings,
    *,
    num_slots: int,
    selection: Selection | None = None,
    on_scan: Callable[[int, int], None] = lambda _looked_at, _passed: None,
    on_counts: Callable[[RunCounts], None] = lambda _counts: None,
    on_failure: Callable[[FailedAttempt], None] = lambda _failed: None,
    metrics: RunMetrics | None = None,
) -> RenderReport:
    """Render what `sources` hold into the dataset at `settings.store_url`, as far as that is not done yet.

    Args:
        sources: folders, files, archives of replays.
        settings: what is the same for all games.
        num_slots: emulators side by side.
        selection: which replays; by default every one that can be rendered.
        on_scan: called with (files looked at, games that pass).
        on_counts: called several times a second with where the rendering stands.
        on_failure: called with every attempt that ended without a result.
        metrics: told of everything that happens.

    Raises:
        EnvironmentFailed: this machine cannot do the work; what was committed stays.
        DatasetError: the output cannot be used.
    """
    planned = plan_run(sources, settings, selection or Selection(), on_scan)
    metrics = metrics or RunMetrics(Unheard())
    wall_seconds = 0.0
    if planned.tasks:
        wall_seconds = _run(planned.tasks, settings, num_slots, on_counts, on_failure, metrics)
    store = open_store(settings.store_url)
    finalize(store)
    entries = tuple(read_entries(store, sorted(planned.sources)))
    return RenderReport(
        entries=entries,
        left_out=planned.left_out,
        num_games=len(planned.sources),
        num_new=len(entries) - planned.num_done,
        wall_seconds=wall_seconds,
        sources=planned.sources,
    )


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What a run is to do: plan minus ledger, of the games given.

    Attributes:
        tasks: the games without a ledger entry.
        num_done: games given that have one.
        left_out: replays without a ledger entry that no rerun changes.
        sources: where each game's replay is, by game_id; those of `tasks` and of `num_done`.
    """

    tasks: tuple[RenderTask, ...]
    num_done: int
    left_out: tuple[LeftOut, ...]
    sources: dict[str, str] = field(repr=False)

    @property
    def num_frames(self) -> int:
        """Of the tasks."""
        return sum(task.num_frames for task in self.tasks)


def plan_run(
    sources: Sequence[str],
    settings: RenderSettings,
    selection: Selection,
    on_scan: Callable[[int, int], None] = lambda _looked_at, _passed: None,
) -> PlannedRun:
    """Look at the replays, add the new ones to the dataset's plan, and say what is left to do.

    Raises:
        EnvironmentFailed: this machine cannot do the work, or a source is not there.
        DatasetError: the output cannot be used.
    """
    set_up = emulator_setup(settings.emulator, stamp=settings.stamp, slippi=settings.slippi)
    set_up.emulator.check()
    store = open_store(settings.store_url)
    open_or_create(store, describe(settings, set_up, set_up.fingerprint()))
    catalogue = build_catalogue(sources, selection, player_key(settings.store_url), on_progress=on_scan)
    record_left_out(store, catalogue.left_out)
    append_plan(store, catalogue.games, settings.frames_per_chunk)
    permanent = [left for left in catalogue.left_out if goes_into_ledger(left)]
    given = {left.game_id: left.source for left in permanent if left.game_id is not None}
    given |= {game.game_id: game.source for game in catalogue.games}
    return PlannedRun(
        tasks=tuple(RenderTask(game) for game in pending_games(store) if game.game_id in given),
        num_done=sum(1 for game_id in done_game_ids(store) if game_id in given),
        left_out=tuple(left for left in catalogue.left_out if not goes_into_ledger(left)),
        sources=given,
    )


def giving_up(settings: RenderSettings) -> Callable[[RenderTask, Reason, str], GameResult]:
    """What sets a game aside from here, when its workers died of it and cannot."""

    def give_up(task: RenderTask, reason: Reason, detail: str) -> GameResult:
        return set_aside(task, settings, RenderFailed(reason, detail))

    return give_up


def _run(
    tasks: Sequence[RenderTask],
    settings: RenderSettings,
    num_slots: int,
    on_counts: Callable[[RunCounts], None],
    on_failure: Callable[[FailedAttempt], None],
    metrics: RunMetrics,
) -> float:
    def tell(counts: RunCounts) -> None:
        on_counts(counts)
        metrics.on_counts(counts)

    with (
        StopSignals() as stop,
        LocalPool(render_game, settings, num_slots=min(num_slots, len(tasks))) as pool,
    ):
        summary = run(
            tasks,
            pool,
            give_up=giving_up(settings),
            stop=stop,
            on_counts=tell,
            on_failure=on_failure,
            on_result=metrics.on_result,
            on_event=metrics.on_event,
        )
    return summary.wall_seconds


def describe(
    settings: RenderSettings, set_up: EmulatorSetup, fingerprint: Mapping[str, str]
) -> DatasetDescription:
    """Describe the dataset that these settings make with this emulator, as dataset.json will."""
    is_stamped = set_up.has_stamp and not set_up.crop_rows
    return DatasetDescription(
        emulator=settings.emulator,
        frames_per_chunk=settings.frames_per_chunk,
        video=VideoContract(
            width=set_up.width,
            height=set_up.height,
            gop_frames=GOP_FRAMES,
            crf=settings.video.crf,
            preset=settings.video.preset,
        ),
        stamp=Rectangle(*stamp_rectangle(set_up.width, set_up.height)) if is_stamped else None,
        stamp_seed_column=SEED_COLUMN if is_stamped and set_up.has_seed else None,
        picture_delay_frames=set_up.state_delay,
        state_schema=str(STATE_SCHEMA_VERSION),
        fingerprints=fingerprint,
        marks_key_frames=True,
    )


def goes_into_ledger(left: LeftOut) -> bool:
    """Whether the replay's end is for good: what was not asked for this time may be asked for the next."""
    return left.game_id is not None and left.reason not in (Reason.FILTERED, Reason.DUPLICATE)


def record_left_out(store: Store, left_out: Sequence[LeftOut]) -> None:
    """Give every replay that can never be rendered its ledger entry, unless its game has one."""
    for left in left_out:
        if left.game_id is None or not goes_into_ledger(left):
            continue
        entry = LedgerEntry.set_aside(left.game_id, left.reason, left.detail, run=run_record(1, {}))
        write_entry(store, entry)
