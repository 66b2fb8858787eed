"""Settles the CRF of a run's videos in advance: the dataset's CRF, or the finest that fits a budget."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farm.engine.loop import run as run_games
from farm.engine.stopping import StopSignals
from farm.planning.rates import choose_crf, games_to_try, mean_rates
from manifests.ledger.dataset import read_description
from manifests.ledger.plan import number_games
from manifests.store.keys import DATASET_KEY
from workers.errors import EnvironmentFailed
from workers.job import RenderTask
from workers.rates_job import RatesResult
from workers.rendering.encode import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from farm.engine.pool import Pool
    from farm.planning.catalogue import Catalogue
    from farm.planning.rates import BudgetChoice
    from farm.run_report import Report
    from farm.settings import RunSettings
    from manifests.ledger.reasons import Reason
    from manifests.store.contract import Store
    from workers.job import RenderSettings

    OpenPool = Callable[[RenderSettings, int], AbstractContextManager[Pool[RenderTask]]]
    """Opens a pool of slots for jobs with these settings; the number is that of the jobs."""


def settled_video(
    settings: RunSettings,
    for_jobs: RenderSettings,
    store: Store,
    catalogue: Catalogue,
    open_trials: OpenPool | None,
    report: Report,
) -> RenderSettings:
    """Return the jobs' settings with the one CRF that is used for every game of the dataset.

    A dataset that has begun keeps its CRF. With a budget, a few games are played first and encoded at several
    CRFs; the finest CRF at which all planned games fit into the budget is taken.

    Args:
        settings: the run's settings.
        for_jobs: the settings of the run's jobs, whose CRF is not settled yet.
        store: the dataset's store.
        catalogue: the games that are to be planned.
        open_trials: gives slots whose job is `workers.rates_job.measure_rates`; needed for a budget.
        report: receives the choice, and the reason for it.

    Raises:
        EnvironmentFailed: the settings ask for another CRF than the dataset has, or no game could be
            measured.
        BudgetTooSmall: the games do not fit into the budget.
        DatasetError: dataset.json cannot be read.
    """
    if store.head(DATASET_KEY) is not None:
        begun = read_description(store).video
        if begun is None:
            return for_jobs  # a dataset of states alone, which is refused when the run begins it
        if settings.crf not in (None, begun.crf):
            message = (
                f"{store.url}: its videos have CRF {begun.crf:g}, and --crf {settings.crf:g} is asked for; "
                "leave --crf out, or give another output"
            )
            raise EnvironmentFailed(message)
        if settings.budget is not None:
            report.kept(begun.crf)
        return replace(for_jobs, video=VideoSettings(begun.crf, begun.preset))
    if settings.budget is None:
        return for_jobs
    if open_trials is None:
        message = "a run that keeps a budget needs slots that measure"
        raise ValueError(message)
    choice = _measured_choice(settings.budget, for_jobs, catalogue, open_trials, report)
    report.settled(choice)
    return replace(for_jobs, video=replace(for_jobs.video, crf=choice.crf))


def _measured_choice(
    budget_bytes: int, for_jobs: RenderSettings, catalogue: Catalogue, open_trials: OpenPool, report: Report
) -> BudgetChoice:
    chosen = games_to_try(catalogue.games)
    numbered = number_games(chosen, for_jobs.frames_per_chunk, 0)
    tasks = [RenderTask(game, place=catalogue.places.get(game.game_id, "")) for game in numbered]
    results: list[RatesResult] = []

    def hear(result: object) -> None:
        assert isinstance(result, RatesResult), "the jobs of these slots return them"
        results.append(result)

    def give_up(task: RenderTask, reason: Reason, detail: str) -> RatesResult:
        return RatesResult(task.game_id, "set_aside", reason, detail, task.num_frames)

    with StopSignals() as stop, open_trials(for_jobs, len(tasks)) as pool, report.rendering() as on_counts:
        run_games(
            tasks,
            pool,
            give_up=give_up,
            stop=stop,
            on_result=hear,
            on_counts=on_counts,
            on_failure=report.failed,
        )
    measured = [result for result in results if result.bytes_by_crf]
    if not measured:
        why = results[0].detail if results else "the run was stopped"
        message = f"no game could be measured for --budget: {why}; give --crf instead"
        raise EnvironmentFailed(message)
    rates = mean_rates((result.num_frames, dict(result.bytes_by_crf)) for result in measured)
    num_frames = sum(game.num_frames for game in catalogue.games)
    return choose_crf(rates, num_frames, budget_bytes, len(measured))
