"""The job of one worker that makes a smaller copy of a dataset: it resizes the videos of one game."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.ledger.dataset import read_description
from manifests.ledger.entry import LedgerEntry, Status, read_entry
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.job import RenderSettings, end_game
from workers.rendering.publish import run_record
from workers.rendering.rendition import RenditionMaker
from workers.scratch import scratch

if TYPE_CHECKING:
    from manifests.ledger.dataset import VideoContract
    from manifests.store.contract import Store
    from workers.job import Clock, GameResult, RenderTask


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSettings(RenderSettings):
    """The settings that all games of a rendition share.

    Attributes:
        source_url: the dataset whose pictures are resized.
        made: the contract of the videos to be made.
    """

    source_url: str
    made: VideoContract


def rendition_of_game(task: RenderTask, settings: RenditionSettings) -> GameResult:
    """Make the smaller copy of one game, and write its ledger entry.

    Raises:
        EnvironmentFailed: this machine, or a store, cannot do the work; the game stays as it was.
    """

    def make(task: RenderTask, _: RenderSettings, store: Store, clock: Clock) -> LedgerEntry:
        return make_rendition_entry(task, settings, store, clock)

    return end_game(task, settings, make)


def make_rendition_entry(
    task: RenderTask, settings: RenditionSettings, store: Store, clock: Clock
) -> LedgerEntry:
    """Put the game's smaller pairs on the store; return the entry that would commit them.

    Raises:
        EnvironmentFailed: the source does not commit this game.
        DatasetError: a store failed, or the source's files are not what its records say.
        RenderFailed: the encoder failed.
    """
    source = open_store(settings.source_url)
    entry = read_entry(source, task.game_id)
    if entry is None or entry.status is not Status.COMMITTED:
        message = f"{settings.source_url}: game {task.game_id:.12} is not committed there any more"
        raise EnvironmentFailed(message)
    maker = RenditionMaker(source, read_description(source), settings.made)
    with scratch(settings.scratch_base) as folder:
        chunks = [
            maker.chunk(store, task.game_id, chunk, number, folder)
            for number, chunk in zip(task.game.file_numbers, entry.chunks, strict=True)
        ]
    return LedgerEntry.committed(
        task.game_id,
        split=task.game.split,
        detail=entry.detail,
        game=entry.game,
        events=entry.events,
        state_sha256=str(entry.state_sha256),
        chunks=chunks,
        evidence=entry.evidence,
        fingerprint={**entry.fingerprint, "rendition_of_entry": entry.content_sha256()},
        run=run_record(task.attempt, clock.timings(entry.num_frames)),
    )
