"""Holds what a run has to do, and what became of its games."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from farm.engine.exit_status import ExitStatus, exit_status

if TYPE_CHECKING:
    from farm.engine.loop import Summary
    from farm.planning.catalogue import LeftOut
    from farm.planning.measured_pace import MeasuredPace
    from workers.job import RenderTask


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """What a run has to do: those of its games that are in the plan and not yet in the ledger.

    Attributes:
        tasks: the games without a ledger entry.
        num_done: number of the run's games that have a ledger entry.
        left_out: replays that get no ledger entry: duplicates, and files that are not replays.
        sources: where the replay of each of the run's games is, by game_id, with or without a ledger entry.
        warnings: what a person should know about the run's games, one line each.
    """

    tasks: tuple[RenderTask, ...]
    num_done: int
    left_out: tuple[LeftOut, ...]
    sources: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        """Number of frames of all games that are to be rendered."""
        return sum(task.num_frames for task in self.tasks)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did, and how all of its games stand now.

    Attributes:
        dataset: folder or URL of the dataset, as the user named it.
        work: what the run had to do.
        committed: game_ids of the run's games that the ledger has as committed.
        set_aside: game_ids of the run's games that the ledger has as set aside.
        summary: how the rendering went; None if there was nothing to render.
        canaries: what the first game on each kind of machine measured.
    """

    dataset: str
    work: PlannedWork
    committed: frozenset[str] = field(repr=False)
    set_aside: frozenset[str] = field(repr=False)
    summary: Summary | None
    canaries: tuple[MeasuredPace, ...] = ()

    @property
    def num_games(self) -> int:
        """Number of distinct games that the run was given."""
        return len(self.work.sources)

    @property
    def num_unfinished(self) -> int:
        """Number of the run's games that have no ledger entry yet."""
        return self.num_games - len(self.committed) - len(self.set_aside)

    @property
    def num_new(self) -> int:
        """Number of games that got their ledger entry during this run."""
        return len(self.committed) + len(self.set_aside) - self.work.num_done

    @property
    def wall_seconds(self) -> float:
        """Seconds that the rendering took."""
        return 0.0 if self.summary is None else self.summary.wall_seconds

    @property
    def exit_status(self) -> ExitStatus:
        """Exit status that the program ends with."""
        num_set_aside = len(self.set_aside) + len(self.work.left_out)
        return exit_status(num_unfinished=self.num_unfinished, num_set_aside=num_set_aside)
