"""The progress lines that Slippi's playback Dolphin prints are recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.emulator.slippi_lines import SlippiLine, parse_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[CURRENT_FRAME] -123",
            SlippiLine("CURRENT_FRAME", -123),
        ),  # a line that a published tool's regex misses
        ("[CURRENT_FRAME] 6\n", SlippiLine("CURRENT_FRAME", 6)),
        ("[PLAYBACK_END_FRAME] 2147483647", SlippiLine("PLAYBACK_END_FRAME", 2147483647)),
        ("[GAME_END_FRAME] -39", SlippiLine("GAME_END_FRAME", -39)),
        ("[FILE_PATH] /a b/[CURRENT_FRAME] 3.slp", SlippiLine("FILE_PATH", None)),
        ("[LRAS]", SlippiLine("LRAS", None)),
        ("[NO_GAME]", SlippiLine("NO_GAME", None)),
        # None of these is a progress line.
        ("", None),
        ("[CURRENT_FRAME]", None),
        ("[CURRENT_FRAME] ", None),
        ("[CURRENT_FRAME] 1.5", None),
        ("[CURRENT_FRAME] 99999999999", None),
        ("x [CURRENT_FRAME] 1", None),
        ("[SOMETHING_NEW] 1", None),
        ("(dolphin-emu:7): Gtk-WARNING **: cannot open display", None),
    ],
)
def test_a_line_parses(text: str, expected: SlippiLine | None):
    assert parse_line(text) == expected


@given(st.text())
def test_no_text_raises(text: str):
    parse_line(text)


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_frame_number_comes_back(number: int):
    assert parse_line(f"[CURRENT_FRAME] {number}\n") == SlippiLine("CURRENT_FRAME", number)
