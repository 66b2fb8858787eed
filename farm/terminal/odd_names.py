"""Lets the terminal show any text, even file names that its encoding cannot show."""

from __future__ import annotations

import io
import sys


def show_odd_names() -> None:
    """From now on print characters that the terminal's encoding lacks as escapes, instead of failing.

    Names of files need not be text in any encoding: files unpacked on another system may have any bytes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test's or a notebook's stream may be another type
            stream.reconfigure(errors="backslashreplace")
