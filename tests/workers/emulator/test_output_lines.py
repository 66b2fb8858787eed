"""A child process's output is read line by line, whatever it prints and however it ends."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.contracts.footprint import footprint
from workers.emulator.child import Child
from workers.emulator.output_lines import MAX_LINE_BYTES, TAIL_LINES, OutputLines

if TYPE_CHECKING:
    from pathlib import Path


class Listener:
    """Keeps the lines that it gets."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = threading.Event()

    def line(self, text: str) -> bool:
        self.lines.append(text)
        return True


def listen(folder: Path, script: str, listener: Listener) -> OutputLines:
    """Run a shell script to its end, and return the lines of its output."""
    output = OutputLines()
    with Child(
        ["/bin/sh", "-c", script],
        folder=folder,
        environment={"PATH": os.defpath},
        stdout=output.descriptor,
        stderr=output.descriptor,
    ):
        output.start(listener.line, listener.ended.set)
        assert listener.ended.wait(20)
    output.close(5)
    return output


def test_every_line_arrives_in_order_from_both_channels(tmp_path: Path):
    listener = Listener()
    listen(tmp_path, "echo one; echo two >&2; printf 'three\\r\\n'; printf 'no end'", listener)
    assert listener.lines == ["one", "two", "three", "no end"]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path):
    listener = Listener()
    listen(tmp_path, "printf 'a\\377b\\n'", listener)
    assert listener.lines == ["a\N{REPLACEMENT CHARACTER}b"]


def test_a_line_without_end_is_cut(tmp_path: Path):
    listener = Listener()
    listen(tmp_path, f"head -c {3 * MAX_LINE_BYTES} /dev/zero | tr '\\0' x", listener)
    assert [len(line) for line in listener.lines] == [MAX_LINE_BYTES] * 3


def test_only_the_last_lines_are_kept(tmp_path: Path):
    output = listen(tmp_path, "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done", Listener())
    assert output.tail() == tuple(str(number) for number in range(100 - TAIL_LINES, 100))


def test_a_listener_that_has_heard_enough_is_left_alone_and_the_child_is_not_held_up(tmp_path: Path):
    heard: list[str] = []

    def first_only(text: str) -> bool:
        heard.append(text)
        return False

    listener = Listener()
    listener.line = first_only  # type: ignore[method-assign]
    output = listen(tmp_path, "head -c 300000 /dev/zero | tr '\\0' '\\n'; echo last", listener)
    assert heard == [""]
    assert output.tail()[-1] == "last"


@pytest.mark.parametrize("is_started", [True, False])
def test_nothing_is_left_open(tmp_path: Path, is_started: bool):
    before = footprint(tmp_path)
    output = OutputLines()
    if is_started:
        output.start(Listener().line, lambda: None)
    output.close(5)
    assert footprint(tmp_path) == before
