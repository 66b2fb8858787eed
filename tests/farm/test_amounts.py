"""Counts and amounts of time, bytes and money are written for people, in a fitting unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.amounts import clock, dollars_text, hours_text, number_of, size_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3600, "1 h 00 min"), (86400 * 2 + 7200, "2 d 02 h")],
)
def test_a_duration_is_written_for_people(seconds: float, text: str):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1.00 kB"), (54_321, "54.3 kB"), (1_270_000, "1.27 MB"),
        (300e9, "300 GB"), (2.5e12, "2,500 GB"),
    ],
)  # fmt: skip
def test_bytes_are_written_to_three_digits_in_their_unit(num_bytes: float, text: str):
    assert size_text(num_bytes) == text


@pytest.mark.parametrize(
    ("hours", "text"), [(0, "0 s"), (0.0025, "9 s"), (0.5, "30 min 00 s"), (1234.5, "1,234.5 h")]
)
def test_less_than_an_hour_is_written_in_minutes_and_seconds(hours: float, text: str):
    assert hours_text(hours) == text


@pytest.mark.parametrize(
    ("dollars", "text"), [(0, "0.00 USD"), (0.004, "less than 0.01 USD"), (12.345, "12.35 USD")]
)
def test_a_price_below_a_cent_is_not_called_nothing(dollars: float, text: str):
    assert dollars_text(dollars) == text


@given(st.floats(1, 1e15))
def test_no_size_is_shown_as_zero(num_bytes: float):
    assert float(size_text(num_bytes).split()[0].replace(",", "")) >= 1


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 games"), (1, "1 game"), (2, "2 games"), (22000, "22,000 games")]
)
def test_one_thing_is_written_without_the_plural(count: int, text: str):
    assert number_of(count, "game") == text
