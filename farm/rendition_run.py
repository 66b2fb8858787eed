"""Makes a rendition in one run: a smaller copy of a dataset with the same frames, stored beside it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from farm.run import do_work, local_slots
from farm.run_outcome import PlannedWork
from farm.settings import RunSettings
from manifests.ledger.dataset import (
    SPARSE_TIMING_RULE,
    TIMING_RULE,
    open_or_create,
    read_description,
)
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan import append_plan, pending_games, planned_games
from manifests.snapshot.reader import compiled_game_ids
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.store.open import open_store
from manifests.video.framing import Framing
from workers.errors import EnvironmentFailed
from workers.job import RenderTask
from workers.rendition_job import RenditionSettings, rendition_of_game
from workers.states_job import EMULATOR as NO_EMULATOR

if TYPE_CHECKING:
    from farm.run_outcome import RunOutcome
    from farm.run_report import Report
    from manifests.ledger.dataset import VideoContract
    from manifests.store.contract import Store


def run_rendition(
    source_url: str, out: str, size: tuple[int, int], fps: int | None, num_workers: int, report: Report
) -> RunOutcome:
    """Make a rendition of all committed games of a dataset that have none yet.

    Args:
        source_url: folder or URL of the dataset, which must be finalized.
        out: the rendition's dataset, which is begun or continued.
        size: (height, width) of its pictures, both even.
        fps: pictures a second, a divisor of the source's rate; None for the source's rate.
        num_workers: processes side by side.
        report: receives everything that happens.

    Raises:
        ValueError: the size is not allowed, the rate does not divide the source's, or the chunk length is no
            multiple of the GOP at that rate.
        EnvironmentFailed: the dataset has no pictures.
        DatasetError: a dataset cannot be read, or `out` is something else.
    """
    source, store = open_store(source_url), open_store(out)
    description = read_description(source)
    if description.video is None:
        message = f"{source_url} has states alone, so there are no pictures to make smaller"
        raise EnvironmentFailed(message)
    made = contract_like(description.video, size, fps)
    rule = SPARSE_TIMING_RULE.format(frame_step=made.frame_step) if made.frame_step else TIMING_RULE
    # A stamp is too small to be read in smaller pictures; marks and motion prove them instead.
    ours = dataclasses.replace(description, video=made, stamp=None, stamp_seed_column=None, timing_rule=rule)
    open_or_create(store, ours)
    work = _plan(source, store, description.frames_per_chunk)
    for_jobs = RenditionSettings(
        out, description.emulator, frames_per_chunk=description.frames_per_chunk,
        source_url=source_url, made=made,
    )  # fmt: skip
    # Nothing is played for a rendition, whichever emulator once played the source's games.
    settings = RunSettings(replays=(source_url,), out=out, emulator=NO_EMULATOR)
    slots = local_slots(settings, num_workers, rendition_of_game)
    return do_work(settings, for_jobs, store, work, slots, report)


def contract_like(source: VideoContract, size: tuple[int, int], fps: int | None) -> VideoContract:
    """Return the source's video contract, changed to another size and to every n-th frame.

    Args:
        source: the video contract of the dataset that the rendition is made from.
        size: (height, width) of the pictures.
        fps: pictures a second; None for as many as the source has.

    Raises:
        ValueError: the size is not allowed, or the rate does not divide the source's.
    """
    height, width = Framing(size=size).output(0, 0)[::-1]
    fps = source.fps if fps is None else fps
    if fps < 1 or source.fps % fps:
        rates = [rate for rate in range(1, source.fps + 1) if source.fps % rate == 0]
        message = f"the source has {source.fps} pictures a second, so fps is one of {rates}; got {fps}"
        raise ValueError(message)
    step = FRAMES_PER_SECOND // fps
    # Key frames stay where the source has them, or are every n-th of those, so that each is a frame that is
    # kept.
    gop_frames = math.lcm(source.gop_frames, step)
    return dataclasses.replace(
        source, width=width, height=height, gop_frames=gop_frames, frame_step=step if step > 1 else None
    )


def _plan(source: Store, store: Store, frames_per_chunk: int) -> PlannedWork:
    """Plan the committed games of the source; in the rendition they get file numbers of their own."""
    committed = compiled_game_ids(source)
    games = {game.game_id: game for game in planned_games(source) if game.game_id in committed}
    append_plan(store, games.values(), frames_per_chunk)
    return PlannedWork(
        tasks=tuple(RenderTask(game) for game in pending_games(store) if game.game_id in games),
        num_done=sum(1 for game_id in done_game_ids(store) if game_id in games),
        left_out=(),
        sources={game_id: game.source for game_id, game in games.items()},
    )
