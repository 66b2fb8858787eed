"""The job of one worker: it turns one replay into chunk pairs. Laptops and clusters run the same job.

    source -> Replay -> StateTable -> BootImage -> emulator -> pictures -> encoded chunks -> pairs -> ledger
                                                                  `-> evidence -> verdict -^

A task ends in one of three ways. Usually its ledger entry is written: the game is committed, or set aside
with a reason from the closed list. If the attempt failed and another will follow, nothing is written. If this
machine or the store cannot do the work, EnvironmentFailed is raised.
"""

from __future__ import annotations

import errno
import resource
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from manifests.errors import DatasetError
from manifests.labels.events import game_events
from manifests.ledger.entry import LedgerEntry, read_entry, write_entry
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from workers.align.calibration import calibration_for, require_calibrated
from workers.emulator.contract import Deadlines
from workers.errors import EnvironmentFailed, Misaligned, RenderFailed, ReplayRefused
from workers.machine import cores_here
from workers.rendering.capture import capture
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK, chunk_spans
from workers.rendering.emulator_setup import emulator_setup
from workers.rendering.encode import VideoSettings
from workers.rendering.game_image import FetchedParts
from workers.rendering.live_view import live_view
from workers.rendering.proof import prove
from workers.rendering.publish import publish, run_record
from workers.rendering.who_draws import who_draws
from workers.replay import read_replay
from workers.replay.facts import game_facts
from workers.replay.renderable import renderable
from workers.replay.source import FileUnread, read_source
from workers.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.ledger.plan import PlannedGame
    from manifests.store.contract import Store
    from workers.align.calibration import Calibration
    from workers.emulator.slippi import SlippiDolphin
    from workers.errors import SetAside
    from workers.rendering.emulator_setup import EmulatorSetup
    from workers.replay import Replay

    MakeEntry = Callable[["RenderTask", "RenderSettings", Store, "Clock"], LedgerEntry]
    """A function that makes the entry that commits a game, and puts the objects named in it on the store."""

ResultStatus: TypeAlias = Literal["committed", "set_aside", "already_done", "attempt_failed"]


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One game to render.

    Attributes:
        game: the game, as planned.
        attempt: the number of this attempt, from 1.
        is_last_attempt: whether the game is set aside, and not tried again, if rendering fails.
        place: locator at which the run has just found the replay; empty to use the locator in the plan.
        is_canary: whether this game tests a kind of machine, so that its result names the renderer.
    """

    game: PlannedGame
    attempt: int = 1
    is_last_attempt: bool = True
    place: str = ""
    is_canary: bool = False

    @property
    def game_id(self) -> str:
        """The id of the game: the sha256 of its replay, hex."""
        return self.game.game_id

    @property
    def num_frames(self) -> int:
        """Number of frames of the game, as planned."""
        return self.game.num_frames

    def for_attempt(self, number: int, *, is_last: bool) -> RenderTask:
        """Return this task as attempt number `number`, counted from 1."""
        return replace(self, attempt=number, is_last_attempt=is_last)

    def as_canary(self) -> RenderTask:
        """Return this task as a canary, which tests its machine."""
        return replace(self, is_canary=True)


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """The settings that all games of a run share.

    Attributes:
        store_url: path or URL of the dataset.
        emulator: `standin` or `slippi`.
        scratch_base: folder for scratch folders; None for the machine's default.
        frames_per_chunk: frames per chunk, a multiple of the GOP's.
        video: the choices that the video contract leaves open.
        deadlines: how long an emulator may take.
        stamp: whether the stand-in paints its frame stamp.
        slippi: the user's Slippi and game; only for `slippi`.
        parts: the files of `slippi` that lie on S3, which every machine fetches for itself.
        calibrations: those of all emulators that were ever measured; the one with the present fingerprint is
            used.
        live_seconds: seconds between two notes on a game for people who watch the run; 0 for no notes.
    """

    store_url: str
    emulator: str = "standin"
    scratch_base: Path | None = None
    frames_per_chunk: int = DEFAULT_FRAMES_PER_CHUNK
    video: VideoSettings = field(default_factory=VideoSettings)
    deadlines: Deadlines = field(default_factory=Deadlines)
    stamp: bool = True
    slippi: SlippiDolphin | None = None
    parts: FetchedParts = field(default_factory=FetchedParts)
    calibrations: tuple[Calibration, ...] = ()
    live_seconds: float = 0.0

    def set_up(self) -> EmulatorSetup:
        """Set up the emulator on this machine; files on S3 that this machine lacks are fetched.

        Raises:
            EnvironmentFailed: there is no such emulator, or a file cannot be fetched.
        """
        slippi = None if self.slippi is None else self.parts.put_into(self.slippi)
        return emulator_setup(self.emulator, stamp=self.stamp, slippi=slippi)


@dataclass(frozen=True, slots=True)
class GameResult:
    """The result of one task: a small record that is sent between processes and machines.

    Attributes:
        game_id: the game's id.
        status: `attempt_failed` means that nothing was written and another attempt should follow.
        reason: why the game was not committed, or None.
        detail: one line for a person.
        num_frames: frames committed, or the game's length.
        num_chunks: pairs committed.
        video_bytes: size of all the game's videos together.
        wall_seconds: duration of the attempt.
        cpu_seconds: processor time of this process and its ended children meanwhile.
        states_bytes: size of all the game's states files together.
        renderer: for a canary, the renderer in words; otherwise empty.
        cores: for a canary, the number of cores that its slot may run on; otherwise 0.
        evidence: for a committed game, the name of each evidence, and `agrees` or `cannot_tell`.
    """

    game_id: str
    status: ResultStatus
    reason: Reason | None
    detail: str
    num_frames: int
    num_chunks: int = 0
    video_bytes: int = 0
    states_bytes: int = 0
    renderer: str = ""
    cores: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    evidence: tuple[tuple[str, str], ...] = ()


def render_game(task: RenderTask, settings: RenderSettings) -> GameResult:
    """Render one game and write its ledger entry.

    Raises:
        EnvironmentFailed: this machine, or the store, cannot do the work; the game stays as it was.
    """
    return end_game(task, settings, make_entry)


def end_game(task: RenderTask, settings: RenderSettings, make: MakeEntry) -> GameResult:
    """Make a game's entry and write it, or set the game aside, as the module's docstring describes.

    Raises:
        EnvironmentFailed: this machine, or the store, cannot do the work; the game stays as it was.
    """
    clock = Clock()
    try:
        store = open_store(settings.store_url)
        if read_entry(store, task.game_id) is not None:
            return GameResult(task.game_id, "already_done", None, "it was in the ledger", task.num_frames)
        try:
            entry = make(task, settings, store, clock)
        except RenderFailed as failure:
            # Write nothing, so that the next attempt finds the game as it was.
            if not task.is_last_attempt:
                return _failed_attempt(task, failure, clock)
            return set_aside(task, settings, failure)
        except ReplayRefused as refusal:
            return set_aside(task, settings, refusal)
        result = _result(entry, clock, won=write_entry(store, entry))
        return _telling_of_machine(result, settings) if task.is_canary else result
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = (
            f"no space left for scratch ({error}); free some, or give another folder with --scratch, "
            "then run the same command again"
        )
        raise EnvironmentFailed(message) from error


def make_entry(
    task: RenderTask, settings: RenderSettings, store: Store, clock: Clock | None = None
) -> LedgerEntry:
    """Render, prove and publish the game's pairs; return the entry that would commit them.

    Raises:
        ReplayRefused: the replay cannot be rendered.
        RenderFailed: this attempt failed, or the pictures could not be proved to show the states.
        EnvironmentFailed: this machine cannot do the work, or its emulator departs from its calibration.
        DatasetError: the store failed.
    """
    clock = clock or Clock()
    replay = planned_replay(task)
    state = renderable(replay)
    spans = chunk_spans(state.num_frames, settings.frames_per_chunk)
    set_up = settings.set_up()
    fingerprint = set_up.fingerprint()
    calibration = calibration_for(settings.calibrations, fingerprint)
    with (
        live_view(store, task.game_id, state.num_frames, settings.live_seconds) as watch,
        scratch(settings.scratch_base) as folder,
    ):
        collector = set_up.collector(calibration)
        with set_up.emulator.play(set_up.boot_image(replay, state), folder, settings.deadlines) as events:
            encoded = capture(
                events, spans, folder, settings.video, collector, replay.game_id,
                crop_rows=set_up.crop_rows, watch=watch,
            )  # fmt: skip
        try:
            proof = prove(encoded, collector, state, set_up.rerecording(folder, state))
        except Misaligned as misaligned:
            if calibration is not None:
                require_calibrated(misaligned.evidence, calibration)
            raise
        chunks = publish(store, task.game, encoded, proof, state, folder)
    return LedgerEntry.committed(
        task.game_id,
        split=task.game.split,
        detail=proof.detail,
        game=game_facts(replay.record, task.game.player_hashes, state),
        state_sha256=state.sha256,
        chunks=chunks,
        evidence=proof.whole_game,
        fingerprint=fingerprint,
        run=run_record(task.attempt, clock.timings(state.num_frames)),
        events=game_events(state),
    )


def set_aside(task: RenderTask, settings: RenderSettings, ending: SetAside) -> GameResult:
    """Write the ledger entry that sets a game aside, with the reason and the evidence.

    Raises:
        EnvironmentFailed: the store failed.
    """
    clock = Clock()
    try:
        store = open_store(settings.store_url)
        entry = LedgerEntry.set_aside(
            task.game_id,
            ending.reason,
            ending.detail,
            split=task.game.split,
            evidence=ending.evidence if isinstance(ending, Misaligned) else (),
            run=run_record(task.attempt, {}),
        )
        won = write_entry(store, entry)
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error
    if not won:
        return GameResult(
            task.game_id, "already_done", None, "another worker ended it first", task.num_frames
        )
    return GameResult(
        task.game_id,
        "set_aside",
        ending.reason,
        ending.detail,
        task.num_frames,
        wall_seconds=clock.wall_seconds,
    )


class Clock:
    """A clock that measures wall time and processor time from its creation on."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), _cpu_seconds()

    @property
    def wall_seconds(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """Processor time of this process and its ended children since the clock was made."""
        return _cpu_seconds() - self._cpu

    def timings(self, num_frames: int) -> dict[str, float]:
        """Make the timings of a ledger entry."""
        wall = self.wall_seconds
        return {
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "frames_per_second": round(num_frames / wall, 1),
        }


def _cpu_seconds() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def planned_replay(task: RenderTask) -> Replay:
    """Read the replay of a task.

    Raises:
        RenderFailed: SOURCE_MISSING: the file is missing or unreadable; another machine may have it.
        ReplayRefused: the replay cannot be rendered, or SOURCE_CHANGED: the bytes are not the planned ones.
        EnvironmentFailed: this machine, or a server, cannot give any file.
    """
    try:
        replay = read_replay(read_source(task.place or task.game.source))
    except FileUnread as unread:
        # The source is written as planned, because the ledger keeps this text, and a full path may name
        # somebody.
        message = (
            f"{task.game.source}: {unread.why}; put it back, or plan anew from where the replays are now"
        )
        raise RenderFailed(Reason.SOURCE_MISSING, message) from unread
    if replay.game_id != task.game_id:
        # File numbers and lengths were planned for other bytes, and would not fit these.
        message = (
            f"{task.game.source}: not the bytes that were planned (sha256 {replay.game_id[:12]}, planned "
            f"{task.game_id[:12]}); plan anew: these are a game of their own"
        )
        raise ReplayRefused(Reason.SOURCE_CHANGED, message)
    return replay


def _telling_of_machine(result: GameResult, settings: RenderSettings) -> GameResult:
    return replace(result, renderer=who_draws(settings.slippi), cores=cores_here())


def _failed_attempt(task: RenderTask, failure: RenderFailed, clock: Clock) -> GameResult:
    return GameResult(
        task.game_id,
        "attempt_failed",
        failure.reason,
        failure.detail,
        task.num_frames,
        wall_seconds=clock.wall_seconds,
        cpu_seconds=clock.cpu_seconds,
    )


def _result(entry: LedgerEntry, clock: Clock, *, won: bool) -> GameResult:
    return GameResult(
        entry.game_id,
        "committed" if won else "already_done",
        None,
        entry.detail if won else "another worker committed it first",
        entry.num_frames,
        num_chunks=len(entry.chunks),
        video_bytes=sum(chunk.video_bytes for chunk in entry.chunks),
        states_bytes=sum(chunk.states.size_bytes for chunk in entry.chunks),
        wall_seconds=clock.wall_seconds,
        cpu_seconds=clock.cpu_seconds,
        evidence=tuple((e.name, "agrees" if e.available else "cannot_tell") for e in entry.evidence),
    )
