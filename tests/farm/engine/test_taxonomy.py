"""farm/engine/README.md lists every reason that ends an attempt, and its numbers are those of the code."""

from __future__ import annotations

import re

import pytest

from farm.engine.attempts import _DEFAULT_CAPS, BLAMES_THE_GAME, Limits
from farm.pools.head_watch import HEAD_LOST_SECONDS
from farm.terminal.progress import FAILURES_TOLD
from manifests.ledger.reasons import Reason
from tests.conftest import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "farm/engine/README.md").read_text()
FAILURES, MACHINES, REASONS = PAGE.split("\n## ")[1:]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_stands_on_its_side_of_the_page_once(reason: Reason):
    about_replay, about_attempt = REASONS.split("About the attempt:")
    side, other = (
        (about_replay, about_attempt) if reason.is_about_the_replay else (about_attempt, about_replay)
    )
    rows = [
        line for line in side.splitlines() if line.startswith("|") and f"`{reason}`" in line.split("|")[1]
    ]
    assert len(rows) == 1
    assert f"| `{reason}`" not in other


@pytest.mark.parametrize(("failure", "cap"), _DEFAULT_CAPS.items())
def test_every_failure_has_its_cap_and_its_culprit(failure: str, cap: int):
    [row] = [line for line in FAILURES.splitlines() if line.startswith(f"| `{failure}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert re.match(r"\d+", cells[3])[0] == str(cap)
    assert (cells[4] == "the game") == (failure in BLAMES_THE_GAME)


def test_the_pages_numbers_are_the_codes():
    limits = Limits()
    assert f"{limits.attempt_base_seconds:.0f} s + {limits.attempt_seconds_per_frame} s a frame" in FAILURES
    assert f"the first {FAILURES_TOLD} of a kind" in FAILURES
    assert f"| {limits.first_strikes} games meet `environment`" in MACHINES
    assert f"| {limits.strikes} in a row on one that has" in MACHINES
    assert f"rests {limits.bench_seconds:.0f} s, {2 * limits.bench_seconds:.0f} s" in MACHINES
    assert f"| {limits.games_in_a_row} different games in a row" in MACHINES
    assert f"for {limits.slotless_seconds:.0f} s | the run ends" in MACHINES
    assert f"silent for {HEAD_LOST_SECONDS:.0f} s" in MACHINES
