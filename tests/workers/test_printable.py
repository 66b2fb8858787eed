"""Texts from strangers are shown without what would act on a terminal, and otherwise as they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.printable import shown


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Game 1 (ü, 100%)", "Game 1 (ü, 100%)"),
        ("a\x1b[2Jb\n", "a\\x1b[2Jb\\x0a"),
        ("\udc83}", "\\x83}"),  # a byte that is not UTF-8, as Python keeps it in a file's name
        ("\ud800", "\\xed\\xa0\\x80"),  # half of a character
        ("\u202egnp", "\\xe2\\x80\\xaegnp"),  # turns the direction of writing
    ],
)
def test_only_what_cannot_be_printed_is_written_otherwise(text: str, safe: str):
    assert shown(text) == safe


@given(text=st.text(st.characters()) | st.binary(max_size=20).map(os.fsdecode))
def test_what_is_shown_can_be_shown_again(text: str):
    assert shown(shown(text)) == shown(text)
    shown(text).encode()


def test_a_command_that_reads_no_replay_does_not_load_the_reader_of_replays():
    """Loading it takes half a second, which every command would pay."""
    loaded = (
        "import sys, farm.cli; sys.exit(any(m.startswith(('workers.replay', 'numpy')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
