"""A file name that the terminal's encoding cannot show is printed with escapes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT_ROOT

PROGRAM = "from farm.terminal.odd_names import show_odd_names; show_odd_names(); print({!r})"


@pytest.mark.parametrize(
    ("text", "encoding", "printed"),
    [
        ("\udc83\udc5c", "utf-8", rb"\udc83\udc5c"),
        ("\u307e.slp", "ascii", rb"\u307e.slp"),
        ("ü", "utf-8", "ü".encode()),
    ],
)
def test_any_name_is_printed(text: str, encoding: str, printed: bytes):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(text)],
        capture_output=True, check=True, timeout=240, cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert ran.stdout == printed + b"\n"
