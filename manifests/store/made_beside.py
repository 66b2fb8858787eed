"""The keys of files compiled beside a dataset's own records: card, LeRobot tables, sheets, a benchmark."""

from __future__ import annotations

import re
from typing import Final

from manifests.store.keys import check_game_id

README_KEY: Final = "README.md"
CROISSANT_KEY: Final = "croissant.json"
STAGES_KEY: Final = "card/stages.svg"
CHARACTERS_KEY: Final = "card/characters.svg"
MOVING_KEY: Final = "card/moving.webp"
EPISODES_KEY: Final = "meta/episodes/chunk-000/file-000.parquet"
TASKS_KEY: Final = "meta/tasks.parquet"
STATS_KEY: Final = "meta/stats.json"
INFO_KEY: Final = "meta/info.json"
BENCH_BYTES_KEY: Final = "bench/bytes.json"
"""Key of the output of `farm bench bytes --json`, if somebody put it there."""
SHEETS_PREFIX: Final = "sheets/"
SHEETS_TABLE_KEY: Final = "sheets/sheets.parquet"

_FIXED: Final = frozenset(
    {
        README_KEY, CROISSANT_KEY, STAGES_KEY, CHARACTERS_KEY, EPISODES_KEY, TASKS_KEY, STATS_KEY, INFO_KEY,
        SHEETS_TABLE_KEY, MOVING_KEY, BENCH_BYTES_KEY,
    }
)  # fmt: skip
_NUMBERED: Final = re.compile(r"data/chunk-\d{3,}/file-\d{3,}\.parquet|sheets/[0-9a-f]{64}\.jpg")


def sheet_key(game_id: str) -> str:
    """Make the key of a game's contact sheet.

    Raises:
        ValueError: not a sha256 in lower-case hex.
    """
    return f"{SHEETS_PREFIX}{check_game_id(game_id)}.jpg"


def is_made_beside(key: str) -> bool:
    """Whether this is the key of a file that is compiled beside a dataset's own records."""
    return key in _FIXED or _NUMBERED.fullmatch(key) is not None
