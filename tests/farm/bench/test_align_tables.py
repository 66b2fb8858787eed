"""The tables of the alignment bench count, divide, and mark odd results as they should."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from rich.table import Table

from farm.bench._align_tables import cost_table, fault_table, json_report, shift_table, survivors
from farm.bench._trials import CLEAN, VERDICT, FaultTrial, GameTrials, ShiftTrial

SECONDS = [(1000, 10.0, 4.0, 1.0), (3000, 30.0, 12.0, 3.0)]  # pictures; emulator, encoding, noting


def game(*faults: FaultTrial, shifts: tuple[ShiftTrial, ...] = (), name: str = "a") -> GameTrials:
    return GameTrials(name, list(faults), list(shifts), 4.0)


def fault(kind: str, observer: str, answer: str, late: int | None = None) -> FaultTrial:
    return FaultTrial(kind, observer, answer, late, f"{kind} at 20")


def shift(answer: int | None, margin: float, right: int = 5, disturbance: str = CLEAN) -> ShiftTrial:
    return ShiftTrial(disturbance, "game", 200, right, answer, margin)


def text(table: Table) -> str:
    stream = io.StringIO()
    Console(file=stream, width=200).print(table)
    return stream.getvalue()


TRIALS = [
    game(
        fault("drop", "motion", "disagrees", 4),
        fault("drop", "motion", "disagrees", 8),
        fault("drop", "motion", "abstains"),
        fault("drop", "log", "agrees"),
        fault("drop", VERDICT, "disagrees"),
        fault(CLEAN, VERDICT, "agrees"),
        shifts=(shift(5, 9.0), shift(None, 2.0), shift(6, 3.5), shift(5, 7.0)),
    )
]


def test_answers_are_counted_by_fault_and_observer_with_the_median_of_how_late():
    table = text(fault_table(TRIALS))
    (line,) = [line for line in table.splitlines() if "drop" in line]
    assert "2 / 0 / 1 (6)" in line
    assert "0 / 1 / 0" in line


def test_shifts_are_exact_abstained_or_wrong_and_nothing_else():
    row = json_report(TRIALS, SECONDS)["shifts"][f"{CLEAN}, game"]
    assert row == {"tried": 4, "exact": 2, "abstained": 1, "wrong": 1, "least_margin": 2.0}
    assert row["exact"] + row["abstained"] + row["wrong"] == row["tried"]
    assert "2 (50.0%)" in text(shift_table(TRIALS))


def test_disturbances_are_told_apart():
    trials = [game(shifts=(shift(5, 9.0), shift(5, 1.0, disturbance="darker")))]
    assert set(json_report(trials, SECONDS)["shifts"]) == {f"{CLEAN}, game", "darker, game"}


def test_cost_is_per_thousand_pictures_and_what_evidence_adds_is_a_share_of_the_rest():
    cost = json_report(TRIALS, SECONDS)["cost"]
    assert cost == pytest.approx(
        {
            "emulator": 10.0,
            "encoding": 4.0,
            "evidence, noting": 1.0,
            "evidence, weighing": 1.0,
            "evidence adds": 2 / 14,
        }
    )
    assert "14.3%" in text(cost_table(TRIALS, SECONDS))


def test_games_that_were_kept_from_another_run_have_no_cost():
    assert json_report(TRIALS, [])["cost"] == {}


def test_a_fault_that_the_verdict_let_through_is_named():
    trials = [game(fault("swap", VERDICT, "agrees"), fault("swap", "motion", "agrees"), name="b")]
    assert list(survivors(trials)) == ["survived the verdict: b, swap swap at 20"]


@pytest.mark.parametrize("kind", [CLEAN, f"{CLEAN} chunk"])
def test_a_clean_game_that_the_verdict_refused_is_a_false_alarm(kind: str):
    trials = [game(fault(kind, VERDICT, "disagrees"), name="c")]
    assert list(survivors(trials)) == [f"false alarm: c, {kind} {kind} at 20"]


def test_where_all_is_as_it_should_be_nothing_is_odd():
    assert list(survivors(TRIALS)) == []


def test_the_report_is_json():
    report = json.loads(json.dumps(json_report(TRIALS, SECONDS)))
    assert report["faults"]["drop"]["motion"] == {"disagrees": 2, "agrees": 0, "abstains": 1}
    assert report["odd"] == []
