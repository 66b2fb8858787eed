from __future__ import annotations

import pytest

from workers.emulator.slippi_versions import knowledge_of


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("3.1.0", "tried"),
        ("3.1.1", "source"),
        ("3.4.1", "source"),
        ("3.5.2", "source"),
        ("3.6.0", "source"),
        ("3.0.4", "unknown"),
        ("3.7.0", "unknown"),
        ("2.3.6", "unknown"),
        ("4.0.0-mainline-beta.1", "mainline"),
        ("3.2.0-mainline", "mainline"),
        ("5.0.0", "mainline"),
        ("new", "unknown"),
    ],
)
def test_a_version_is_known_as_far_as_it_is(version: str, standing: str):
    assert knowledge_of(version).standing == standing


@pytest.mark.parametrize(("version", "words"), [("3.4.1", "(50 bytes"), ("3.5.2", "(50 or 52 bytes")])
def test_what_the_source_says_of_a_character_is_told(version: str, words: str):
    assert words in knowledge_of(version).about
