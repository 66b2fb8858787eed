"""One run that makes a dataset of states alone: scan, plan, read the states, compile the manifests.

It is `farm.run` without an emulator: the same plan, splits, ledger and manifests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.planning.dataset_plan import key_of_dataset
from farm.planning.player_key import key_fingerprint
from farm.run import do_work, local_slots, plan_replays
from manifests.ledger.dataset import DatasetDescription, open_or_create
from manifests.state.schema import SCHEMA_VERSION
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.job import RenderSettings
from workers.states_job import EMULATOR, states_of_game

if TYPE_CHECKING:
    from farm.planning.selection import Selection
    from farm.planning.splits import SplitRule
    from farm.run_outcome import RunOutcome
    from farm.run_report import Report
    from farm.settings import RunSettings


def run_states(
    settings: RunSettings, num_workers: int, selection: Selection, splits: SplitRule, report: Report
) -> RunOutcome:
    """Store the states of what the settings name, as far as that is not done yet.

    Args:
        settings: of the run; those of emulators are not heeded.
        num_workers: processes side by side.
        selection: which games are wanted.
        splits: how games are divided.
        report: told of everything that happens.

    Raises:
        EnvironmentFailed: this machine cannot do the work; what was committed stays.
        DatasetError: the output cannot be used.
    """
    store = open_store(settings.out)
    key = key_of_dataset(store, settings.out)
    ours = describe_states(settings.frames_per_chunk, key_fingerprint(key))
    found = open_or_create(store, ours)
    if found.player_key_sha256 not in (None, ours.player_key_sha256):
        message = f"{store.url}: somebody else began it meanwhile, with another player key; run again"
        raise EnvironmentFailed(message)
    work = plan_replays(settings, store, key, report, selection, splits)
    for_jobs = RenderSettings(
        settings.out, EMULATOR, scratch_base=settings.scratch, frames_per_chunk=settings.frames_per_chunk
    )
    slots = local_slots(settings, num_workers, states_of_game)
    return do_work(settings, for_jobs, store, work, slots, report)


def describe_states(frames_per_chunk: int, player_key_sha256: str | None) -> DatasetDescription:
    """Describe a dataset of states alone, as its dataset.json will."""
    return DatasetDescription(
        emulator=EMULATOR,
        frames_per_chunk=frames_per_chunk,
        video=None,
        stamp=None,
        player_key_sha256=player_key_sha256,
        state_schema=str(SCHEMA_VERSION),
        fingerprints={},
    )
