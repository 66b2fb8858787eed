"""The progress of a scan of replays: a live display on a terminal, nothing in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from farm.terminal.scan_progress import scan_progress


def shown(*, is_terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=120)
    with scan_progress(console) as show:
        for number in range(1, 31):
            show(number, number // 2)
    return stream.getvalue()


def test_a_log_gets_nothing():
    assert shown(is_terminal=False) == ""


def test_a_terminal_gets_how_many_pass_of_how_many_were_looked_at():
    assert "15/30" in shown(is_terminal=True)


def test_the_live_line_is_gone_at_the_end():
    assert shown(is_terminal=True).rstrip().endswith("\x1b[2K")


def test_an_error_of_the_scan_comes_through():
    def fail() -> None:
        with scan_progress(Console(file=io.StringIO(), force_terminal=True)):
            message = "the disk"
            raise OSError(message)

    with pytest.raises(OSError, match="the disk"):
        fail()
