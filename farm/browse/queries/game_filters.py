"""Filters, order and page number of the games page, as its address gives them, and the SQL for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

GAMES_PER_PAGE: Final = 100
MOST_NUMBER: Final = 10**9
"""The largest page number, and the largest number of frames, that an address may name."""
SORT_COLUMNS: Final = {
    "game": "game_id",
    "stage": "stage_name",
    "characters": "characters_text",
    "frames": "num_frames",
    "split": "split",
    "date": "start_at",
    "bytes": "video_bytes",
    "motion": "motion_margin",
    "hits": "hits",
    "deaths": "deaths",
}
"""Names by which the games table can be sorted, with the column of each."""

NO_FILTERS: Final = {
    "stage": "", "character": "", "split": "", "text": "", "min_frames": "", "max_frames": "", "since": "",
    "until": "", "versus": "", "sort": "game", "descending": "",
}  # fmt: skip
"""Every query parameter of the games page, with its value if no filter is set."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters, order and page number of the games page, as its address gives them.

    Attributes:
        stage: name of the stage, or empty for all.
        character: name of a character that appears in the frames, or empty for all; if those were not
            recorded, of a character that a player chose.
        versus: name of the other player's character, likewise; the same as `character` if both have it.
        split: train, val or test, or empty for all.
        text: beginning of a game_id or of a player's hash, or empty for all.
        min_frames, max_frames: shortest and longest game to show, in frames; None for no bound.
        since, until: first and last day on which the game was played, YYYY-MM-DD; empty for no bound.
        sort: a key of SORT_COLUMNS.
        is_descending: whether the largest comes first.
        page: number of the page, from 0.

    Raises:
        ValueError: the sort is unknown, a day is no date, or a number is out of bounds.
    """

    stage: str = ""
    character: str = ""
    versus: str = ""
    split: str = ""
    text: str = ""
    min_frames: int | None = None
    max_frames: int | None = None
    since: str = ""
    until: str = ""
    sort: str = "game"
    is_descending: bool = False
    page: int = 0

    def __post_init__(self) -> None:
        if self.sort not in SORT_COLUMNS:
            message = f"games are sorted by {', '.join(SORT_COLUMNS)}, not by {self.sort!r:.40}"
            raise ValueError(message)
        for day in filter(None, (self.since, self.until)):
            try:
                date.fromisoformat(day)
            except ValueError as error:
                message = f"a day is written as 2024-02-29, not as {day!r:.40}"
                raise ValueError(message) from error
        numbers = (self.page, self.min_frames or 0, self.max_frames or 0)
        if not all(0 <= number <= MOST_NUMBER for number in numbers):
            message = f"pages and frames are 0 to {MOST_NUMBER:,}"
            raise ValueError(message)


def tests_of(filters: Filters) -> list[tuple[str, list[Any]]]:
    """Write the filters as SQL conditions on the games table, each with the values of its placeholders."""
    tests: list[tuple[str, list[Any]]] = []
    if filters.stage:
        tests.append(("stage_name = ?", [filters.stage]))
    if filters.character:
        tests.append(("list_contains(coalesce(names_seen, characters), ?)", [filters.character]))
    if filters.versus and filters.versus == filters.character:
        tests.append(("len(list_filter(characters, lambda one: one = ?)) > 1", [filters.versus]))
    elif filters.versus:
        tests.append(("list_contains(coalesce(names_seen, characters), ?)", [filters.versus]))
    if filters.split:
        tests.append(("split = ?", [filters.split]))
    for test, value in (
        ("num_frames >= ?", filters.min_frames),
        ("num_frames <= ?", filters.max_frames),
        ("start_at[:10] >= ?", filters.since or None),
        ("start_at[:10] <= ?", filters.until or None),
    ):
        if value is not None:
            tests.append((test, [value]))
    if filters.text:
        by_hash = "len(list_filter(players, lambda player: starts_with(player.player_hash, ?))) > 0"
        tests.append((f"(starts_with(game_id, ?) OR {by_hash})", [filters.text, filters.text]))
    return tests
