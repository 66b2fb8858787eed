"""One run that makes a rendition: a smaller copy of a dataset, of the same frames, beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from farm.run import do_work, local_slots
from farm.run_outcome import PlannedWork
from farm.settings import RunSettings
from manifests.ledger.dataset import open_or_create, read_description
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan import append_plan, pending_games, planned_games
from manifests.snapshot.reader import compiled_game_ids
from manifests.store.open import open_store
from manifests.video.framing import Framing
from workers.errors import EnvironmentFailed
from workers.job import RenderTask
from workers.rendering.encode import VideoSettings
from workers.rendition_job import RenditionSettings, rendition_of_game

if TYPE_CHECKING:
    from farm.run_outcome import RunOutcome
    from farm.run_report import Report
    from manifests.store.contract import Store


def run_rendition(
    source_url: str, out: str, size: tuple[int, int], num_workers: int, report: Report
) -> RunOutcome:
    """Make a rendition of all committed games, as far as that is not done yet.

    Args:
        source_url: the dataset, finalized.
        out: the dataset to make, or to go on with.
        size: (height, width) of its pictures, both even.
        num_workers: processes side by side.
        report: told of everything that happens.

    Raises:
        ValueError: a size that pictures cannot have.
        EnvironmentFailed: the dataset has no pictures.
        DatasetError: a dataset cannot be read, or `out` is something else.
    """
    height, width = Framing(size=size).output(0, 0)[::-1]
    source, store = open_store(source_url), open_store(out)
    description = read_description(source)
    if description.video is None:
        message = f"{source_url} has states alone, so there are no pictures to make smaller"
        raise EnvironmentFailed(message)
    contract = dataclasses.replace(description.video, width=width, height=height)
    # A stamp is too small to be read in smaller pictures; marks and motion are what proves them.
    ours = dataclasses.replace(description, video=contract, stamp=None, stamp_seed_column=None)
    open_or_create(store, ours)
    work = _plan(source, store, description.frames_per_chunk)
    for_jobs = RenditionSettings(
        out, description.emulator, frames_per_chunk=description.frames_per_chunk,
        video=VideoSettings(contract.crf, contract.preset), source_url=source_url, width=width, height=height,
    )  # fmt: skip
    settings = RunSettings(replays=(source_url,), out=out)
    slots = local_slots(settings, num_workers, rendition_of_game)
    return do_work(settings, for_jobs, store, work, slots, report)


def _plan(source: Store, store: Store, frames_per_chunk: int) -> PlannedWork:
    """Plan the committed games of the source; they get file numbers of their own."""
    committed = compiled_game_ids(source)
    games = {game.game_id: game for game in planned_games(source) if game.game_id in committed}
    append_plan(store, games.values(), frames_per_chunk)
    return PlannedWork(
        tasks=tuple(RenderTask(game) for game in pending_games(store) if game.game_id in games),
        num_done=sum(1 for game_id in done_game_ids(store) if game_id in games),
        left_out=(),
        sources={game_id: game.source for game_id, game in games.items()},
    )
