"""Filters that choose among the replays that can be rendered; each refusal has a readable reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay import melee_names
from workers.replay.facts import characters_seen

if TYPE_CHECKING:
    from manifests.state.table import StateTable
    from workers.replay import GameRecord

FRAMES_PER_MINUTE = 3600
_TOURNAMENT_TIMER_SECONDS = 480

# No real game goes beyond these limits; one that does was corrupted, or played with codes. The limits are
# slippi-ai's.
_MOST_UNITS, _MOST_SHIELD, _MOST_JUMPS, _LAST_CHARACTER = 500.0, 60.0, 6, 0x20
_LEAST_DAMAGE = 100.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters for replays that can be rendered; the default accepts every one of them.

    Attributes:
        humans_only: Both players are people.
        min_frames: Least number of final frames of the game.
        min_version: Oldest version of the .slp format, as (major, minor).
        timer_seconds: Seconds at which the timer starts.
        stages: Names of the stages wanted; empty for all six.
        characters: Names of the characters wanted; no player may have another in any frame. Empty for all.
        sane: No value is beyond what the game can do, and the players dealt at least 100 percent in all.
        max_games: Number of games to take, the first by game_id, which is as good as random; None for all.

    Raises:
        ValueError: If a name is not libmelee's, or a number is negative.
    """

    humans_only: bool = False
    min_frames: int = 0
    min_version: tuple[int, int] = (0, 0)
    timer_seconds: int | None = None
    stages: frozenset[str] = frozenset()
    characters: frozenset[str] = frozenset()
    sane: bool = False
    max_games: int | None = None

    def __post_init__(self) -> None:
        known_stages = {melee_names.stage_name(stage) for stage in melee_names.LEGAL_STAGES}
        if not self.stages <= known_stages:
            msg = (
                f"no tournament stage {sorted(self.stages - known_stages)}; there are {sorted(known_stages)}"
            )
            raise ValueError(msg)
        for character in self.characters:
            melee_names.external_character_id(character)
        if self.min_frames < 0 or (self.max_games is not None and self.max_games < 1):
            msg = f"min_frames is {self.min_frames}, max_games {self.max_games}; want 0 or more, 1 or more"
            raise ValueError(msg)

    @classmethod
    def for_training(cls, max_games: int | None = None) -> Selection:
        """Return the selection that the field trains on: people, tournament timer, a minute or more, sane."""
        return cls(
            humans_only=True,
            min_frames=FRAMES_PER_MINUTE,
            min_version=(2, 1),
            timer_seconds=_TOURNAMENT_TIMER_SECONDS,
            sane=True,
            max_games=max_games,
        )

    def check(self, record: GameRecord, table: StateTable) -> None:
        """Raise if a game that can be rendered is not wanted.

        Raises:
            ReplayRefused: the reason is FILTERED, the detail names the first filter that the game fails.
        """
        detail = (
            self._unwanted(record) or self._other_characters(table) or (_insane(table) if self.sane else None)
        )
        if table.num_frames < self.min_frames:
            detail = f"{table.num_frames} frames, want {self.min_frames} or more"
        if detail:
            raise ReplayRefused(Reason.FILTERED, detail)

    def _unwanted(self, record: GameRecord) -> str | None:
        if self.humans_only and not all(player.is_human for player in record.players):
            return "not both players are people"
        if _version(record.slippi_version) < self.min_version:
            wanted = ".".join(str(part) for part in self.min_version)
            return f"slippi version {record.slippi_version}, want {wanted} or later"
        if self.timer_seconds is not None and record.timer_seconds != self.timer_seconds:
            return f"a timer of {record.timer_seconds} s, want {self.timer_seconds}"
        if self.stages and record.stage_name not in self.stages:
            return f"stage {record.stage_name}, want one of {', '.join(sorted(self.stages))}"
        return None

    def _other_characters(self, table: StateTable) -> str | None:
        if not self.characters:
            return None
        others = {seen.character_name for seen in characters_seen(table)} - self.characters
        if others:
            return f"{', '.join(sorted(others))} plays, want only {', '.join(sorted(self.characters))}"
        return None


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def _insane(table: StateTable) -> str | None:
    """Return the first value in a state that no real game shows, in words; None if there is none."""
    limits = {"x": _MOST_UNITS, "y": _MOST_UNITS, "shield": _MOST_SHIELD, "jumps_left": _MOST_JUMPS}
    damage = 0.0
    for index in range(table.num_players):
        for column, most in limits.items():
            values = table.values(f"p{index}.{column}")
            if np.abs(values.astype(np.float64)).max() > most:
                return f"p{index}.{column} goes beyond {most:g}; no game does"
        if table.values(f"p{index}.character").max() > _LAST_CHARACTER:
            return f"p{index}.character is none of the game's"
        if not table.values(f"p{index}.present").all():
            return f"p{index} is missing from some frames"
        percent = table.values(f"p{index}.percent").astype(np.float64)
        damage += float(np.maximum(np.diff(percent), 0).sum())
    if damage < _LEAST_DAMAGE:
        return f"{damage:.0f} percent dealt in all, want {_LEAST_DAMAGE:g}: hardly anything happens"
    return None
