"""Makes a dataset of states alone in one run: scan, plan, read the states, compile the manifests.

It does what `farm.run` does without an emulator: the same plan, splits, ledger and manifests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.planning.dataset_plan import begin, key_of_dataset, rule_of_dataset
from farm.run import add_to_plan, do_work, local_slots, look_through
from manifests.ledger.dataset import DatasetDescription
from manifests.state.schema import SCHEMA_VERSION
from manifests.store.open import open_store
from workers.job import RenderSettings
from workers.states_job import EMULATOR, states_of_game

if TYPE_CHECKING:
    from farm.planning.selection import Selection
    from farm.run_outcome import RunOutcome
    from farm.run_report import Report
    from farm.settings import RunSettings


def run_states(settings: RunSettings, num_workers: int, selection: Selection, report: Report) -> RunOutcome:
    """Store the states of the replays that the settings name, leaving out games that are already done.

    Args:
        settings: the run's settings; those of emulators are ignored.
        num_workers: processes side by side.
        selection: which games are wanted.
        report: receives everything that happens.

    Raises:
        EnvironmentFailed: this machine cannot do the work; what was committed stays.
        DatasetError: the output cannot be used.
    """
    store = open_store(settings.out)
    key = key_of_dataset(store, settings.out)
    splits = rule_of_dataset(store, settings.split_rule())
    catalogue = look_through(settings, key, report, splits, selection)
    begin(store, describe_states(settings.frames_per_chunk), key, splits)
    work = add_to_plan(settings, store, catalogue)
    for_jobs = RenderSettings(
        settings.out, EMULATOR, scratch_base=settings.scratch, frames_per_chunk=settings.frames_per_chunk
    )
    slots = local_slots(settings, num_workers, states_of_game)
    return do_work(settings, for_jobs, store, work, slots, report)


def describe_states(frames_per_chunk: int) -> DatasetDescription:
    """Return the dataset.json of a dataset of states alone."""
    return DatasetDescription(
        emulator=EMULATOR,
        frames_per_chunk=frames_per_chunk,
        video=None,
        stamp=None,
        state_schema=str(SCHEMA_VERSION),
        fingerprints={},
    )
