"""Lets the terminal show any text, whatever names files have."""

from __future__ import annotations

import io
import sys


def show_odd_names() -> None:
    """Print what the encoding of the terminal lacks as escapes from now on, instead of failing on it.

    Names of files need not be text in any encoding: unpacked on another system they may hold any bytes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test's or a notebook's may be something else
            stream.reconfigure(errors="backslashreplace")
