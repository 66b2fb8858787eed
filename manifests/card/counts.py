"""Count the games and frames that the card reports, in one pass over the games."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manifests.snapshot.reader import Manifest


@dataclass
class Counts:
    """Counts of a snapshot's games and frames.

    Attributes:
        games_by_split, frames_by_split: number of games, and of frames, by split.
        games_by_stage: number of games by name of the stage.
        games_by_character: number of games by character; a game counts once for each of its players.
        longest_frames: number of frames of the longest game.
    """

    games_by_split: Counter[str] = field(default_factory=Counter)
    frames_by_split: Counter[str] = field(default_factory=Counter)
    games_by_stage: Counter[str] = field(default_factory=Counter)
    games_by_character: Counter[str] = field(default_factory=Counter)
    longest_frames: int = 0


def count(manifest: Manifest) -> Counts:
    """Count the games of a snapshot."""
    counts = Counts()
    for batch in manifest.batches("games", ["split", "num_frames", "stage_name", "characters"]):
        for row in batch.to_pylist():
            split = row["split"] or "none"
            counts.games_by_split[split] += 1
            counts.frames_by_split[split] += row["num_frames"]
            counts.games_by_stage[row["stage_name"] or "unknown"] += 1
            counts.games_by_character.update(row["characters"])
            counts.longest_frames = max(counts.longest_frames, row["num_frames"])
    return counts
