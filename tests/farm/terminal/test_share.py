"""A share on the command line, in percent or as a fraction."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.terminal.share import Percentage


def read(text: object) -> float:
    return Percentage().convert(text, None, None)


@given(st.integers(0, 10_000))
def test_percent_and_fraction_are_the_same(hundredths: int):
    assert read(f"{hundredths / 100}%") == pytest.approx(read(f"{hundredths / 10_000}"))


@pytest.mark.parametrize(
    ("text", "share"),
    [("0%", 0.0), ("100%", 1.0), ("0.1%", 0.001), ("1", 1.0), (" 5% ", 0.05), ("5 %", 0.05), (0.25, 0.25)],
)
def test_a_share_is_read(text: object, share: float):
    assert read(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "%", "half", "101%", "1.01", "-1%", "nan", "inf", "5%%", "1,5%"])
def test_what_is_no_share_fails_with_what_is(text: str):
    with pytest.raises(click.BadParameter, match=r"is no share; give 0% to 100%, or 0 to 1"):
        read(text)
