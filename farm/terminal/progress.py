"""Shows the progress of a run: one live line on a terminal, one compact line now and then in a log."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from farm.amounts import clock
from farm.engine.run_counts import RenderingPace
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from farm.engine.attempts import FailedAttempt
    from farm.engine.run_counts import RunCounts

LIVE_SECONDS = 0.5  # between two redraws of the live line
LOG_SECONDS = 30.0  # between two lines of a log
FAILURES_TOLD = 20  # of each kind; further failures are only counted in the line


@contextmanager
def progress(console: Console, *, log_seconds: float = LOG_SECONDS) -> Iterator[Callable[[RunCounts], None]]:
    """Yield a function that takes the run's counts at any time, and decides when to show them.

    Args:
        console: Where to show the counts; a terminal gets the live line, anything else the log.
        log_seconds: Pause between two lines of the log; the first and the last are always written.
    """
    started = time.monotonic()
    pace = RenderingPace(started)
    latest: RunCounts | None = None
    shown_at = float("-inf")

    def line() -> Text:
        assert latest is not None
        return Text(describe(latest, pace, time.monotonic() - started))

    if console.is_terminal:
        with Live(console=console, refresh_per_second=1 / LIVE_SECONDS, transient=True) as live:

            def redraw(counts: RunCounts) -> None:
                nonlocal latest, shown_at
                latest = counts
                if time.monotonic() - shown_at >= LIVE_SECONDS:
                    shown_at = time.monotonic()
                    pace.add(shown_at, counts.frames_done)
                    live.update(line())

            yield redraw
        return

    def log(counts: RunCounts) -> None:
        nonlocal latest, shown_at
        latest = counts
        if time.monotonic() - shown_at >= log_seconds:
            shown_at = time.monotonic()
            pace.add(shown_at, counts.frames_done)
            console.print(line(), soft_wrap=True)

    yield log
    if latest is not None:  # the last line shows how the run ended, even if the line before was just written
        pace.add(time.monotonic(), latest.frames_done)
        console.print(line(), soft_wrap=True)


def describe(counts: RunCounts, pace: RenderingPace, elapsed_seconds: float) -> str:
    """Describe counts in one line: done of all, set aside, running, retries, frames/s, time gone and left."""
    parts = [f"{counts.done}/{counts.num_games} games", f"{counts.set_aside} set aside"]
    if counts.left_undone:
        parts.append(f"{counts.left_undone} left undone")
    parts.append(f"{counts.running} running on {counts.num_slots} slots")
    if counts.num_nodes > 1:
        parts[-1] += f" of {counts.num_nodes} nodes"
    if counts.retries:
        parts.append(", ".join(f"{count} x {failure}" for failure, count in sorted(counts.retries.items())))
    parts.append(f"{pace.frames_per_second:,.0f} frames/s" if counts.frames_done else "? frames/s")
    left = pace.seconds_left(counts.frames_total - counts.frames_done)
    parts.append(f"{clock(elapsed_seconds)} gone, {clock(left) if left is not None else '?'} left")
    return " | ".join(parts)


def tell_failures(console: Console) -> Callable[[FailedAttempt], None]:
    """Return a function that prints why an attempt ended, one line each, above any live line."""
    told: Counter[str] = Counter()

    def tell(failed: FailedAttempt) -> None:
        told[failed.failure] += 1
        if told[failed.failure] > FAILURES_TOLD:
            return
        line = (
            f"attempt {failed.number} at game {failed.game_id[:12]} on {failed.node[:12]}: {failed.failure}"
        )
        line += f": {failed.detail}" if failed.detail else ""
        if told[failed.failure] == FAILURES_TOLD:
            line += f" (further {failed.failure} are only counted)"
        console.print(shown(line), markup=False, highlight=False, soft_wrap=True)

    return tell
