"""Loads the pages' templates, with variables that say whether a page is on the server or among files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from farm.amounts import hours_text, size_text
from manifests.state.schema import FRAMES_PER_SECOND

STATIC: Final = Path(__file__).parents[1] / "static"
"""The folder of scripts, styles and pictures, whose address on a page is `static/` below the page's base."""
SERVED: Final[dict[str, Any]] = {"base": "/", "end": "", "files": "/files/", "is_served": True}
"""Template variables of a page on the server: base of addresses, suffix of pages, base of objects."""


def exported(depth: int, files: str) -> dict[str, Any]:
    """Return the template variables of a page in a folder of files.

    Args:
        depth: number of folders between the page and the first page.
        files: where the dataset's objects are, as seen from the first page; relative, or a URL.
    """
    base = "../" * depth
    is_elsewhere = "://" in files or files.startswith("/")
    return {
        "base": base,
        "end": ".html",
        "files": files if is_elsewhere else base + files,
        "is_served": False,
    }


def page_templates(dataset: str) -> Environment:
    """Return the templates for pages on the dataset of that name; all text in them is escaped."""
    loader = FileSystemLoader(Path(__file__).parent)
    # Strict: a page that lacks a value fails in a test, instead of showing a gap to a user.
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    templates.filters["size"] = size_text
    templates.filters["playtime"] = _play_time
    templates.globals["dataset"] = dataset
    templates.globals["is_compared"] = False
    return templates


def _play_time(num_frames: int) -> str:
    return hours_text(num_frames / FRAMES_PER_SECOND / 3600)
