"""One run, from replays to a finished dataset: scan, plan, render, compile the manifests.

    run(settings, pool, report) -> RunOutcome

A laptop and a cluster differ in the slots that they hand over, and in nothing else: `farm render` gives slots
on this machine, `farm/launch.py` gives slots on Ray.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from farm.engine.exit_status import ExitStatus, exit_status
from farm.engine.loop import run as run_games
from farm.engine.stopping import StopSignals
from farm.planning.catalogue import build_catalogue
from farm.planning.dataset_plan import begin_dataset, goes_into_ledger, key_of_dataset, write_plan
from farm.planning.nothing_found import refuse_nothing
from farm.planning.selection import Selection
from farm.pools.local_pool import LocalPool
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan import pending_games
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from workers.align.calibration import known_calibrations
from workers.errors import RenderFailed
from workers.job import RenderTask, render_game, set_aside
from workers.rendering.emulator_setup import emulator_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from farm.engine.attempts import FailedAttempt
    from farm.engine.loop import Summary
    from farm.engine.pool import Event, Pool, Result
    from farm.engine.run_counts import RunCounts
    from farm.planning.catalogue import LeftOut
    from farm.planning.splits import SplitRule
    from farm.settings import RunSettings
    from manifests.ledger.reasons import Reason
    from manifests.store.contract import Store
    from workers.job import GameResult, RenderSettings

    OpenPool = Callable[[RenderSettings, int], AbstractContextManager[Pool[RenderTask]]]
    """Opens the slots of a run, given what every job gets and the number of games."""


class Report(Protocol):
    """What a run tells whoever watches it, in this order."""

    def scanning(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """While replays are looked at; gives a function that takes (looked at, games that pass)."""

    def planned(self, work: PlannedWork, store: Store) -> None:
        """Hear what there is to do, before it is begun."""

    def rendering(self) -> AbstractContextManager[Callable[[RunCounts], None]]:
        """While games are rendered; gives a function that takes the counts, several times a second."""

    def failed(self, attempt: FailedAttempt) -> None:
        """Hear of an attempt that ended without a result, be it tried again or not."""

    def ended(self, result: Result) -> None:
        """Hear the result of a game that ended."""

    def happened(self, event: Event) -> None:
        """Hear what a slot reported: that it opened or closed, returned a result or broke."""


class Silence:
    """A report that nobody reads."""

    @contextmanager
    def scanning(self) -> Iterator[Callable[[int, int], None]]:
        """Take the numbers of looked-at and passing replays, and say nothing."""
        yield lambda _looked_at, _passed: None

    def planned(self, work: PlannedWork, store: Store) -> None:
        """Say nothing of the plan."""

    @contextmanager
    def rendering(self) -> Iterator[Callable[[RunCounts], None]]:
        """Take the counts, and say nothing."""
        yield lambda _counts: None

    def failed(self, attempt: FailedAttempt) -> None:
        """Say nothing of a failure."""

    def ended(self, result: Result) -> None:
        """Say nothing of a result."""

    def happened(self, event: Event) -> None:
        """Say nothing of an event."""


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """What a run is to do: the plan minus the ledger, of the games given.

    Attributes:
        tasks: the games without a ledger entry.
        num_done: games given that have one.
        left_out: replays that get no ledger entry: duplicates, and files that are not replays.
        sources: where the replay of each game given is, by game_id, with or without a ledger entry.
        warnings: what a person should know about the games given, a line each.
    """

    tasks: tuple[RenderTask, ...]
    num_done: int
    left_out: tuple[LeftOut, ...]
    sources: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        """Frames of all games that are to be rendered."""
        return sum(task.num_frames for task in self.tasks)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did, and how all the games that it was given stand now.

    Attributes:
        dataset: where it is, as the user named it.
        work: what it was to do.
        committed: game_ids of the games given that the ledger commits.
        set_aside: game_ids of those that the ledger sets aside.
        summary: how the rendering went; None if there was nothing to render.
    """

    dataset: str
    work: PlannedWork
    committed: frozenset[str] = field(repr=False)
    set_aside: frozenset[str] = field(repr=False)
    summary: Summary | None

    @property
    def num_games(self) -> int:
        """Distinct games given."""
        return len(self.work.sources)

    @property
    def num_unfinished(self) -> int:
        """Games given that have no ledger entry yet."""
        return self.num_games - len(self.committed) - len(self.set_aside)

    @property
    def num_new(self) -> int:
        """Games that got their ledger entry while this run went on."""
        return len(self.committed) + len(self.set_aside) - self.work.num_done

    @property
    def wall_seconds(self) -> float:
        """Time that the rendering took."""
        return 0.0 if self.summary is None else self.summary.wall_seconds

    @property
    def exit_status(self) -> ExitStatus:
        """What the program ends with."""
        num_set_aside = len(self.set_aside) + len(self.work.left_out)
        return exit_status(num_unfinished=self.num_unfinished, num_set_aside=num_set_aside)


def run(settings: RunSettings, open_pool: OpenPool, report: Report) -> RunOutcome:
    """Render what the settings name into their dataset, as far as that is not done yet.

    Args:
        settings: of the run.
        open_pool: gives the slots that render; asked only if there is something to render.
        report: told of everything that happens.

    Raises:
        EnvironmentFailed: this machine cannot do the work; what was committed stays.
        DatasetError: the output cannot be used.
    """
    for_jobs = settings.render_settings(known_calibrations())
    store = open_store(settings.out)
    work = plan_work(settings, for_jobs, store, report)
    return do_work(settings, for_jobs, store, work, open_pool, report)


def do_work(
    settings: RunSettings, for_jobs: RenderSettings, store: Store, work: PlannedWork, open_pool: OpenPool,
    report: Report,
) -> RunOutcome:  # fmt: skip
    """Do what is planned and compile the manifests; the arguments and errors are those of `run`."""
    report.planned(work, store)
    summary = _render(work, for_jobs, open_pool, report) if work.tasks else None
    finalize(store)
    committed, rejected = _ended(store, frozenset(work.sources))
    return RunOutcome(settings.out, work, committed, rejected, summary)


def local_slots(
    settings: RunSettings,
    num_slots: int,
    job: Callable[[RenderTask, Any], GameResult] = render_game,
) -> OpenPool:
    """Slots on this machine: at most one for each game."""

    def open_pool(for_jobs: RenderSettings, num_games: int) -> AbstractContextManager[Pool[RenderTask]]:
        return LocalPool(
            job,
            for_jobs,
            num_slots=min(settings.slots or num_slots, num_games),
            recycle_games=settings.recycle_games,
        )

    return open_pool


def plan_work(settings: RunSettings, for_jobs: RenderSettings, store: Store, report: Report) -> PlannedWork:
    """Look at the replays, add the new ones to the dataset's plan, and say what is left to do.

    Raises:
        EnvironmentFailed: this machine cannot do the work, or a source is not there.
        DatasetError: the output cannot be used.
    """
    set_up = emulator_setup(for_jobs.emulator, stamp=for_jobs.stamp, slippi=for_jobs.slippi)
    set_up.emulator.check()
    key = key_of_dataset(store, settings.out)
    begin_dataset(store, for_jobs, set_up, set_up.fingerprint(), key)
    return plan_replays(settings, store, key, report)


def plan_replays(
    settings: RunSettings, store: Store, key: bytes, report: Report, selection: Selection | None = None,
    splits: SplitRule | None = None,
) -> PlannedWork:  # fmt: skip
    """Add the replays to the plan of a dataset that has begun; say what is left to do.

    Args:
        settings: say which replays.
        store: of the dataset.
        key: the one with which players are hashed.
        report: told how many replays were looked at.
        selection: which games are wanted; all that can be rendered by default.
        splits: how games are divided; by default as `farm plan` does.

    Raises:
        EnvironmentFailed: a source is not there.
        DatasetError: the output cannot be used.
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


def _render(work: PlannedWork, for_jobs: RenderSettings, open_pool: OpenPool, report: Report) -> Summary:
    def give_up(task: RenderTask, reason: Reason, detail: str) -> GameResult:
        # Its workers died of the game, so they cannot write down that it ends here.
        return set_aside(task, for_jobs, RenderFailed(reason, detail))

    with (
        StopSignals() as stop,
        open_pool(for_jobs, len(work.tasks)) as pool,
        report.rendering() as on_counts,
    ):
        return run_games(
            work.tasks,
            pool,
            give_up=give_up,
            stop=stop,
            on_counts=on_counts,
            on_failure=report.failed,
            on_result=report.ended,
            on_event=report.happened,
        )


def _ended(store: Store, given: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Which of some games the manifests have as committed, and which as set aside."""
    manifest = open_manifest(store)
    committed, rejected = (
        frozenset(manifest.table(name, ["game_id"])["game_id"].to_pylist()) for name in ("games", "rejects")
    )
    return committed & given, rejected & given
