"""Shows a run in a terminal or a log: what there is to do, how far it has come, and the outcome."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from farm.amounts import clock, number_of, size_text
from farm.engine.metrics import RunMetrics, Unheard
from farm.planning.canary_pace import seconds_left
from farm.terminal.outcome import outcome_as_json, print_outcome
from farm.terminal.progress import LOG_SECONDS, progress, tell_failures
from farm.terminal.scan_progress import scan_progress
from manifests.snapshot.status import dataset_status
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from farm.engine.attempts import FailedAttempt
    from farm.engine.pool import Event, Result
    from farm.engine.run_counts import RunCounts
    from farm.planning.measured_pace import MeasuredPace
    from farm.planning.rates import BudgetChoice
    from farm.run_outcome import PlannedWork, RunOutcome
    from manifests.store.contract import Store

FILE_WIDTH: Final = 110  # columns, if no terminal sets a width
# Bytes of video, assumed until the dataset's own figure is known: 300 GB for 236 million frames.
BYTES_PER_FRAME: Final = 1270
GAME_FRAMES_PER_SECOND: Final = 60  # assumed pace of a slot before anything is known


class TerminalReport:
    """A run's Report: progress and failures on stderr, the work to do and the outcome on stdout.

    Args:
        num_slots: how many emulators will render side by side, to predict the time.
        log_seconds: seconds between two lines of progress in a log.
        with_video: whether the run makes videos, so that their size and time are predicted.
        metrics: also receives everything that happens.
        as_json: print nothing on stdout but the outcome, as one JSON object.
    """

    def __init__(
        self,
        *,
        num_slots: int,
        log_seconds: float = LOG_SECONDS,
        with_video: bool = True,
        metrics: RunMetrics | None = None,
        as_json: bool = False,
    ) -> None:
        self._num_slots, self._log_seconds, self._as_json = num_slots, log_seconds, as_json
        self._with_video = with_video
        self._metrics = metrics or RunMetrics(Unheard())
        self._errors, self._output = Console(stderr=True), Console()
        if not self._output.is_terminal:
            self._output = Console(width=FILE_WIDTH)
        self._tell_failure = tell_failures(self._errors)

    def say(self, line: str) -> None:
        """Print a line, unless the output is JSON."""
        if not self._as_json:
            self._output.print(line, highlight=False, soft_wrap=True, markup=False)

    def scanning(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show how many replays were looked at, and how many games pass."""
        return scan_progress(self._errors)

    def settled(self, choice: BudgetChoice) -> None:
        """Print the size at each CRF, and which CRF the budget allows."""
        sizes = ", ".join(
            f"CRF {rate.crf:g} {size_text(rate.bytes_per_frame * choice.num_frames)}" for rate in choice.rates
        )
        self.say(f"Budget: {choice.num_frames:,} frames, by {choice.num_trials} games: {sizes}.")
        self.say(
            f"CRF {choice.crf:g} for all games: about {choice.bytes_per_frame:,.0f} B/frame, "
            f"{size_text(choice.bytes_per_frame * choice.num_frames)} of {size_text(choice.budget_bytes)}."
        )

    def kept(self, crf: float) -> None:
        """Print that the dataset keeps its CRF."""
        self.say(f"The dataset keeps the CRF of its beginning, {crf:g}; the budget is not looked at again.")

    def planned(self, work: PlannedWork, store: Store) -> None:
        """Print what there is to do, and how long it takes, as far as the dataset itself shows that."""
        for warning in work.warnings:
            self._errors.print(f"Warning: {warning}.", highlight=False, soft_wrap=True, markup=False)
        if work.tasks:
            self.say(self._plan(work, store))

    def _plan(self, work: PlannedWork, store: Store) -> str:
        num_games, num_frames = len(work.tasks), work.num_frames
        if not self._with_video:
            games = number_of(num_games, "game")
            return f"Plan: {games}, {num_frames:,} frames to do; {work.num_done:,} done before."
        status = dataset_status(store)
        bytes_per_frame = status.video_bytes / status.num_frames if status.num_frames else BYTES_PER_FRAME
        line = (
            f"Plan: {number_of(num_games, 'game')}, {num_frames:,} frames to do; "
            f"{number_of(work.num_done, 'game')} done before. "
            f"About {size_text(num_frames * bytes_per_frame)} of video; "
        )
        if status.num_frames and status.seconds_left is not None:
            return line + f"{clock(status.seconds_left)} at the pace of the last hour."
        seconds = num_frames / (self._num_slots * GAME_FRAMES_PER_SECOND)
        return line + f"{clock(seconds)} if {self._num_slots} slots render as fast as the game runs."

    def proved(self, pace: MeasuredPace, num_frames_left: int, cores_per_slot: float) -> None:
        """Print what a kind of machine's first game measured, and how long the rest takes at that pace."""
        bytes_per_frame = (pace.video_bytes_per_frame or 0.0) + (pace.states_bytes_per_frame or 0.0)
        self.say(
            f"Canary: {pace.num_frames:,} frames committed on {pace.machine}, drawn by {pace.renderer}: "
            f"{pace.frames_per_second:,.0f} frames/s, {pace.cpu_seconds_per_1000_frames:,.1f} CPU s per "
            f"1,000 frames, {bytes_per_frame:,.0f} B/frame."
        )
        seconds = seconds_left(num_frames_left, pace, self._num_slots, cores_per_slot)
        self.say(
            f"At that pace {num_frames_left:,} frames take {clock(seconds)} on {self._num_slots} slots, and "
            f"{size_text(num_frames_left * bytes_per_frame)}."
        )

    @contextmanager
    def rendering(self) -> Iterator[Callable[[RunCounts], None]]:
        """Show counts, pace and time left, on a live line or now and then in a log."""
        with progress(self._errors, log_seconds=self._log_seconds) as show:

            def tell(counts: RunCounts) -> None:
                show(counts)
                self._metrics.on_counts(counts)

            yield tell

    def failed(self, attempt: FailedAttempt) -> None:
        """Print why an attempt ended."""
        self._tell_failure(attempt)

    def ended(self, result: Result) -> None:
        """Pass a game that ended to the metrics."""
        self._metrics.on_result(result)

    def noticed(self, line: str) -> None:
        """Print what is wrong with a machine."""
        self._errors.print(shown(line), highlight=False, soft_wrap=True, markup=False)

    def happened(self, event: Event) -> None:
        """Pass events of the slots to the metrics."""
        self._metrics.on_event(event)

    def outcome(self, outcome: RunOutcome, store: Store) -> None:
        """Print what became of every replay of the run."""
        if self._as_json:
            click.echo(outcome_as_json(outcome, store))
        else:
            print_outcome(outcome, store, self._output)
