"""A filter for games accepts conditions on a row, and no other SQL."""

from __future__ import annotations

import pytest

from manifests.training.row_filter import RowFilter

ROW = {"stage_name": "BATTLEFIELD", "characters": ["FOX", "MARTH"], "num_frames": 900, "split": None}
COLUMNS = frozenset(ROW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stage == 'BATTLEFIELD'", True),
        ("stage_name != 'BATTLEFIELD'", False),
        ("'FOX' in characters and num_frames >= 900", True),
        ("'PICHU' in characters or not num_frames < 1000", False),
        ("stage in ['BATTLEFIELD', 'DREAMLAND']", True),
        ("stage not in ('BATTLEFIELD',)", False),
        ("100 < num_frames < 1000", True),
        ("-1 < num_frames", True),
        ("split > 'a'", False),
        ("split == None", True),
    ],
)
def test_a_condition_holds_or_does_not(text: str, expected: bool):
    assert RowFilter(text, COLUMNS)(ROW) is expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("stage ==", "no expression"),
        ("stag == 'A'", "no column 'stag'"),
        ("__import__('os')", "not allowed"),
        ("characters[0] == 'FOX'", "not allowed"),
        ("stage.lower() == 'a'", "not allowed"),
        ("(lambda: 1)()", "not allowed"),
        ("num_frames + 1 > 3", "not allowed"),
        ("-" * 5000 + "1 > 0", "no expression"),
        ("-" * 150 + "1 > 0", "nested more than 100 deep"),
        ("not " * 150 + "True", "nested more than 100 deep"),
    ],
)
def test_anything_else_fails(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        RowFilter(text, COLUMNS)


@pytest.mark.parametrize("text", ["-stage > 1", "-split > 1", "- characters == 1", "-'a' == 1"])
def test_what_has_no_negative_fails(text: str):
    with pytest.raises(ValueError, match="has no negative"):
        RowFilter(text, COLUMNS)(ROW)


def test_values_that_cannot_be_compared_fail():
    with pytest.raises(ValueError, match="cannot be compared"):
        RowFilter("num_frames < 'a'", COLUMNS)(ROW)
