"""Writes the browser's pages as files for a bucket or any plain web server: `farm browse --export`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from farm.browse.game.pairs import game_page, state_of
from farm.browse.live.dataset_progress import dataset_progress
from farm.browse.pages.templates import STATIC, exported, page_templates
from farm.browse.pictures.sheets import sheet_of
from farm.browse.pictures.stills import thumbnail
from farm.browse.queries.figures import charts_page, trials_of
from farm.browse.queries.game_filters import NO_FILTERS
from farm.browse.states.known_boxes import boxes_page
from farm.browse.states.schema_page import schema_tables
from farm.browse.states.timeline import timeline
from manifests.ledger.entry import read_entry
from manifests.store.canonical_json import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.browse.queries.library import Library

_SLUG: Final = re.compile(r"[a-z0-9_-]{1,64}")
_MOST_REJECTS: Final = 5000


def files_from(out: Path, dataset: str) -> str:
    """Return the relative path from a page in `out` to the dataset's objects.

    For a dataset that is no local folder this is one folder up: the pages must then be put into a folder of
    the dataset itself.
    """
    if "://" in dataset:
        return "../"
    return os.path.relpath(Path(dataset).resolve(), out.resolve()).replace(os.sep, "/") + "/"


class Export:
    """Writes the pages of one dataset as files.

    Args:
        library: the dataset's games and rejects.
        out: a folder, made if it does not exist; files in it are replaced.
        files: where the dataset's objects are, as seen from the first page; ends with a slash.
        sorts: what the games table can be sorted by.
    """

    def __init__(self, library: Library, out: Path, files: str, sorts: list[str]) -> None:
        self._library, self._store, self._out, self._files = library, library.store, out, files
        self._sorts = sorts
        self._templates = page_templates(library.store.url if library.store.is_remote else "")

    def write(
        self,
        condition: str = "true",
        limit: int | None = None,
        on_game: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> int:
        """Write all pages; return the number of games.

        Args:
            condition: show only games that meet it, in DuckDB's SQL.
            limit: show this many games, the first by game_id; None for all.
            on_game: called with (games written so far, games to write).

        Raises:
            ConditionRefused: the condition is not valid SQL, or names a column that does not exist.
            DatasetError: the store failed.
            OSError: the folder cannot be written.
        """
        names, rows = self._library.where(condition, limit)
        for file in sorted(STATIC.rglob("*.*")):
            self._put(f"static/{file.relative_to(STATIC).as_posix()}", file.read_bytes())
        self._write_lists(names, rows)
        position = names.index("game_id")
        for done, row in enumerate(rows):
            on_game(done, len(rows))
            self._write_game(row[position])
        on_game(len(rows), len(rows))
        return len(rows)

    def _write_lists(self, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        self._page("index", "totals.html", self._library.totals())
        self._json("progress", to_plain(dataset_progress(self._store)))
        self._page("schema", "schema.html", schema_tables())
        self._page("charts", "charts.html", charts_page(self._library, trials_of(self._store)))
        counts = self._library.reject_counts()
        for reason in ("", *(row["reason"] for row in counts)):
            if reason and not _SLUG.fullmatch(reason):
                continue  # the reason becomes part of a file's name
            found = self._library.rejects(reason, _MOST_REJECTS)
            name = f"rejects-{reason}" if reason else "rejects"
            self._page(name, "rejects.html", {"reason": reason, "counts": counts, "games": found})
        self._json("games", {"names": names, "rows": rows})
        shown = {"games": [], "num_games": len(rows), "page": 0, "num_pages": 1, "filters": NO_FILTERS}
        self._html("games", "games.html", shown | {"choices": self._library.choices, "sorts": self._sorts})

    def _write_game(self, game_id: str) -> None:
        entry, page = read_entry(self._store, game_id), game_page(self._library, game_id)
        if entry is None or page is None:
            return
        at = f"games/{game_id}"
        self._page(at, "game.html", {**page, "columns": []})
        self._json(f"{at}/timeline", timeline(self._store, entry))
        self._json(f"{at}/boxes", boxes_page(self._store, entry))
        for number in range(len(entry.chunks)):
            self._json(f"{at}/chunk-{number}", state_of(self._store, number, entry))
        self._put(f"{at}/thumbnail.jpg", thumbnail(self._store, entry))
        self._put(f"{at}/sheet.jpg", sheet_of(self._store, entry))

    def _page(self, name: str, template: str, data: dict[str, Any]) -> None:
        self._html(name, template, data)
        self._json(name, data)

    def _html(self, name: str, template: str, data: dict[str, Any]) -> None:
        where = exported(name.count("/"), self._files)
        self._put(f"{name}.html", self._templates.get_template(template).render(data=data, **where).encode())

    def _json(self, name: str, data: object) -> None:
        self._put(f"{name}.json", json.dumps(data, separators=(",", ":")).encode())

    def _put(self, name: str, data: bytes) -> None:
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
