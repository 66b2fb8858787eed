"""The newest version in the changelog is the version of the package."""

from __future__ import annotations

import re
from pathlib import Path

from manifests import __version__

ROOT = Path(__file__).resolve().parents[2]


def test_the_newest_changelog_entry_is_the_version():
    newest = re.search(r"^## ([0-9][^ \n]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == __version__
