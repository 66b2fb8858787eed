"""Shows the progress of a scan of replays: a live line on a terminal, nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


@contextmanager
def scan_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to call with (replays looked at, games that pass)."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("games that pass of replays looked at", total=None)

        def show(looked_at: int, passed: int) -> None:
            progress.update(task, completed=passed, total=looked_at)

        yield show
