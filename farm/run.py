"""Does one run, from replays to a finished dataset: scan, plan, render, compile the manifests.

    run(settings, pool, report) -> RunOutcome

A run on a laptop and one on a cluster differ only in the slots they use: `farm render` opens slots on this
machine, `farm/launch.py` opens slots on Ray.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from farm.budget import settled_video
from farm.engine.canary import Canaries
from farm.engine.loop import run as run_games
from farm.engine.stopping import StopSignals
from farm.planning.canary_pace import canary_pace
from farm.planning.catalogue import build_catalogue
from farm.planning.dataset_plan import (
    begin_dataset,
    goes_into_ledger,
    key_of_dataset,
    rule_of_dataset,
    write_plan,
)
from farm.planning.nothing_found import refuse_nothing
from farm.planning.saved_paces import save_pace
from farm.planning.selection import Selection
from farm.pools.local_pool import LocalPool
from farm.run_notes import run_notes
from farm.run_outcome import PlannedWork, RunOutcome
from farm.unpacking import unpacked
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan import pending_games
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from workers.align.calibration import known_calibrations
from workers.emulator.contract import EMULATORS
from workers.errors import EnvironmentFailed, RenderFailed
from workers.job import GameResult, RenderTask, render_game, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from farm.budget import OpenPool
    from farm.engine.canary import ProvedKind
    from farm.engine.loop import Summary
    from farm.engine.pool import Pool
    from farm.planning.catalogue import Catalogue
    from farm.planning.measured_pace import MeasuredPace
    from farm.planning.splits import SplitRule
    from farm.run_notes import RunNotes
    from farm.run_report import Report
    from farm.settings import RunSettings
    from manifests.ledger.reasons import Reason
    from manifests.store.contract import Store
    from workers.job import RenderSettings

T = TypeVar("T")


def run(
    settings: RunSettings, open_pool: OpenPool, report: Report, *, open_trials: OpenPool | None = None,
    on_one_machine: bool = True,
) -> RunOutcome:  # fmt: skip
    """Render the replays of the settings into their dataset, leaving out games that are already done.

    If there are more games than slots, each kind of machine first renders one short game, its canary.

    Args:
        settings: the run's settings.
        open_pool: opens the slots that render; called only if there is something to render.
        report: receives everything that happens.
        open_trials: opens slots whose job is `workers.rates_job.measure_rates`; called only if there is a
            budget to keep.
        on_one_machine: all slots are on this machine, so they can read replays that are unpacked here.

    Raises:
        CanaryFailed: the first game on a kind of machine failed; no other game was begun there.
        EnvironmentFailed: this machine cannot do the work; what was committed stays.
        DatasetError: the output cannot be used.
    """
    for_jobs = settings.render_settings(known_calibrations())
    store = open_store(settings.out)
    work, for_jobs = plan_work(settings, for_jobs, store, report, open_trials)
    return do_work(settings, for_jobs, store, work, open_pool, report, on_one_machine=on_one_machine)


def do_work(
    settings: RunSettings, for_jobs: RenderSettings, store: Store, work: PlannedWork, open_pool: OpenPool,
    report: Report, *, on_one_machine: bool = True,
) -> RunOutcome:  # fmt: skip
    """Render the planned games and compile the manifests; arguments and errors are those of `run`."""
    report.planned(work, store)
    paces: list[MeasuredPace] = []
    # Without an emulator no machine can render wrongly, and there is no pace of rendering to measure.
    canaries = Canaries() if settings.canary and settings.emulator in EMULATORS else None
    with unpacked(work, settings.scratch) if on_one_machine else nullcontext(work) as ready:
        summary = _render(ready, for_jobs, store, open_pool, report, canaries, paces) if work.tasks else None
    finalize(store)
    committed, rejected = _ended(store, frozenset(work.sources))
    return RunOutcome(settings.out, work, committed, rejected, summary, tuple(paces))


def local_slots(
    settings: RunSettings,
    num_slots: int,
    job: Callable[[RenderTask, Any], Any] = render_game,
) -> OpenPool:
    """Return a function that opens slots on this machine, at most one for each game."""

    def open_pool(for_jobs: RenderSettings, num_games: int) -> AbstractContextManager[Pool[RenderTask]]:
        return LocalPool(
            job,
            for_jobs,
            num_slots=min(settings.slots or num_slots, num_games),
            recycle_games=settings.recycle_games,
        )

    return open_pool


def plan_work(
    settings: RunSettings,
    for_jobs: RenderSettings,
    store: Store,
    report: Report,
    open_trials: OpenPool | None,
) -> tuple[PlannedWork, RenderSettings]:
    """Scan the replays, add new games to the dataset's plan, and return the work left and the jobs' settings.

    Args:
        settings: the run's settings.
        for_jobs: the settings of the run's jobs, whose CRF may have to be settled first.
        store: the dataset's store.
        report: receives everything that happens.
        open_trials: opens slots that measure how large videos become; called only if there is a budget to
            keep.

    Raises:
        EnvironmentFailed: this machine cannot do the work, or a source is not there.
        BudgetTooSmall: the games do not fit into the budget.
        DatasetError: the output cannot be used.
    """
    set_up = for_jobs.set_up()
    set_up.emulator.check()
    key = key_of_dataset(store, settings.out)
    splits = rule_of_dataset(store, settings.split_rule())
    catalogue = look_through(settings, key, report, splits)
    for_jobs = settled_video(settings, for_jobs, store, catalogue, open_trials, report)
    begin_dataset(store, for_jobs, set_up, set_up.fingerprint(), key, splits)
    return add_to_plan(settings, store, catalogue), for_jobs


def look_through(
    settings: RunSettings, key: bytes, report: Report, splits: SplitRule, selection: Selection | None = None
) -> Catalogue:
    """Read the replays and choose the games that are to be planned.

    Args:
        settings: name the replays.
        key: the key with which players' identities are hashed.
        report: receives how many replays were looked at.
        splits: the rule that divides games into train, val and test; see `rule_of_dataset`.
        selection: which games are wanted; by default all that can be rendered.

    Raises:
        EnvironmentFailed: a source is not there, or nothing is found.
    """
    with report.scanning() as on_scan:
        catalogue = build_catalogue(
            settings.replays,
            selection or Selection(max_games=settings.games),
            key,
            splits=splits,
            keep_paths=settings.keep_paths,
            on_progress=on_scan,
        )
    refuse_nothing(catalogue)
    return catalogue


def add_to_plan(settings: RunSettings, store: Store, catalogue: Catalogue) -> PlannedWork:
    """Add a catalogue's games to the plan of a dataset that has begun; return the work that is left.

    Raises:
        DatasetError: the output cannot be used.
    """
    _, catalogue = write_plan(store, catalogue, settings.frames_per_chunk)
    given = {
        left.game_id: left.source
        for left in catalogue.left_out
        if left.game_id is not None and goes_into_ledger(left)
    }
    given |= {game.game_id: game.source for game in catalogue.games}
    return PlannedWork(
        tasks=tuple(
            RenderTask(game, place=catalogue.places.get(game.game_id, ""))
            for game in pending_games(store)
            if game.game_id in given
        ),
        num_done=sum(1 for game_id in done_game_ids(store) if game_id in given),
        left_out=tuple(left for left in catalogue.left_out if not goes_into_ledger(left)),
        sources=given,
        warnings=catalogue.warnings,
    )


def _render(
    work: PlannedWork,
    for_jobs: RenderSettings,
    store: Store,
    open_pool: OpenPool,
    report: Report,
    canaries: Canaries | None,
    paces: list[MeasuredPace],
) -> Summary:
    """Render the games that are left; add the paces that canaries measure to `paces`."""

    def give_up(task: RenderTask, reason: Reason, detail: str) -> GameResult:
        # The game's workers died, so they cannot write the ledger entry that ends this game.
        return set_aside(task, for_jobs, RenderFailed(reason, detail))

    def hear(notes: RunNotes, proved: ProvedKind) -> None:
        assert isinstance(proved.result, GameResult), "the jobs of a run return these"
        pace = canary_pace(proved.result, for_jobs, proved.kind, datetime.now(UTC).date())
        paces.append(pace)
        # If the cache cannot be written, later estimates do without this pace.
        with suppress(EnvironmentFailed):
            save_pace(pace)
        report.proved(pace, work.num_frames - pace.num_frames, proved.result.cores / proved.num_slots)
        notes.proved(proved.kind, pace.frames_per_second, dict(proved.result.evidence))

    with (
        StopSignals() as stop,
        run_notes(store, for_jobs.live_seconds) as notes,
        open_pool(for_jobs, len(work.tasks)) as pool,
        report.rendering() as on_counts,
    ):
        return run_games(
            work.tasks,
            pool,
            give_up=give_up,
            stop=stop,
            canaries=canaries,
            on_canary=partial(hear, notes),
            on_counts=_each(on_counts, notes.counted),
            on_failure=_each(report.failed, notes.failed),
            on_result=_each(report.ended, notes.ended),
            on_event=_each(report.happened, notes.happened),
            on_notice=_each(report.noticed, notes.noticed),
            on_start=notes.began,
        )


def _each(*hearers: Callable[[T], None]) -> Callable[[T], None]:
    """Make one function that calls several functions with the same argument."""

    def tell_all(it: T) -> None:
        for hear in hearers:
            hear(it)

    return tell_all


def _ended(store: Store, given: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return which of the given games the manifests have as committed, and which as set aside."""
    manifest = open_manifest(store)
    committed, rejected = (
        frozenset(manifest.table(name, ["game_id"])["game_id"].to_pylist()) for name in ("games", "rejects")
    )
    return committed & given, rejected & given
