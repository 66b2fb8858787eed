"""The job of one worker for datasets of states alone: it turns one replay into states files.

    source -> Replay -> StateTable -> states files -> ledger

No emulator is needed. Such a game is refused, set aside and committed by the same rules as a rendered game.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests.labels.events import game_events
from manifests.ledger.entry import LedgerEntry
from manifests.state.schema import SCHEMA_VERSION
from workers.job import end_game, planned_replay
from workers.rendering.chunk import chunk_spans
from workers.rendering.publish import publish_states, run_record
from workers.replay.facts import game_facts
from workers.replay.renderable import renderable
from workers.scratch import scratch

if TYPE_CHECKING:
    from manifests.store.contract import Store
    from workers.job import Clock, GameResult, RenderSettings, RenderTask

EMULATOR: Final = "none"
"""The name that dataset.json has in place of an emulator's name."""


def states_of_game(task: RenderTask, settings: RenderSettings) -> GameResult:
    """Store the states of one game and write its ledger entry.

    Raises:
        EnvironmentFailed: this machine, or the store, cannot do the work; the game stays as it was.
    """
    return end_game(task, settings, make_states_entry)


def make_states_entry(task: RenderTask, settings: RenderSettings, store: Store, clock: Clock) -> LedgerEntry:
    """Put the game's states files on the store; return the entry that would commit them.

    Raises:
        ReplayRefused: the replay is not one from which this program makes datasets.
        EnvironmentFailed: this machine cannot do the work.
        DatasetError: the store failed.
    """
    replay = planned_replay(task)
    state = renderable(replay)
    with scratch(settings.scratch_base) as folder:
        spans = chunk_spans(state.num_frames, settings.frames_per_chunk)
        chunks = publish_states(store, task.game, spans, state, folder)
    return LedgerEntry.committed(
        task.game_id,
        split=task.game.split,
        game=game_facts(replay.record, task.game.player_hashes, state),
        state_sha256=state.sha256,
        chunks=chunks,
        evidence=(),
        fingerprint={"state_schema": SCHEMA_VERSION},
        run=run_record(task.attempt, clock.timings(state.num_frames)),
        events=game_events(state),
    )
