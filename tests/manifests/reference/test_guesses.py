"""Guesses of inputs are counted the same as by a direct count over the states' rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests.reference.guesses import THRESHOLDS, count_guesses, repeats  # noqa: E402
from manifests.state.file import read_states  # noqa: E402
from manifests.state.views import BUTTONS  # noqa: E402

pytestmark = pytest.mark.torch
ANALOG = ("main_x", "main_y", "c_x", "c_y", "trigger")


def rows_of(states: Path) -> dict[str, np.ndarray]:
    """The inputs and frame numbers of all rows of all states files, in order."""
    parts: dict[str, list[np.ndarray]] = {}
    for path in sorted(states.glob("states/*/*.parquet")):
        table = read_states(path)
        for player in ("p0", "p1"):
            for name in (*ANALOG, "buttons"):
                parts.setdefault(f"{player}.{name}", []).append(table.values(f"{player}.{name}"))
        parts.setdefault("slp_frame", []).append(table.values("slp_frame"))
    return {name: np.concatenate(values) for name, values in parts.items()}


def test_the_shares_are_those_of_a_direct_count(states: Path):
    rows, mask = rows_of(states), np.uint32(sum(BUTTONS.values()))
    follows = (np.diff(rows["slp_frame"]) == 1) & (rows["slp_frame"][1:] >= -39)
    found = count_guesses(str(states))
    assert found["frames_compared"] == follows.sum()
    for threshold in THRESHOLDS:
        right = []
        for player in ("p0", "p1"):
            sticks = np.stack(
                [rows[f"{player}.{name}"] for name in ("main_x", "main_y", "c_x", "c_y", "trigger")]
            )
            near = np.abs(np.diff(sticks.astype(np.float64))).max(0) <= threshold + 1e-6
            buttons = rows[f"{player}.buttons"] & mask
            right.append((near & (buttons[1:] == buttons[:-1]))[follows])
        assert found["one_player"][str(threshold)] == pytest.approx(np.mean(right), abs=1e-5)
        assert found["both_players"][str(threshold)] == pytest.approx(np.mean(right[0] & right[1]), abs=1e-5)


def test_a_stick_may_be_off_by_the_threshold_and_a_button_by_nothing():
    before = torch.zeros(4, 29)
    now = before.clone()
    now[1, 3] = 0.1
    now[2, 3] = 0.1125
    now[3, 8] = 1
    assert repeats(before, now, 0.1).tolist() == [True, True, False, False]
    assert repeats(before, now, float("inf")).tolist() == [True, True, True, False]


def test_a_button_just_pressed_is_no_difference_of_its_own():
    now = torch.zeros(1, 29)
    now[0, 20] = 1
    assert repeats(torch.zeros(1, 29), now, 0.0).item()
