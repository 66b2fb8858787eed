"""Which figures a run reports, and when, tested with a sink that only remembers them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from null_renderer import NullResult

from farm.engine import metrics as engine_metrics
from farm.engine.metrics import FIGURES, STATES, RunMetrics
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.run_counts import RunCounts
from manifests.ledger.reasons import Reason
from workers.job import GameResult

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING = RunCounts(committed=1, running=2, waiting=3, frames_done=600, frames_total=3600, num_slots=2)


class RememberingSink:
    """A sink that keeps every series, and refuses one whose labels are not those that the figure declares."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, tuple[str, ...]], float] = {}
        self.num_told = 0

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        assert set(labels) == set(FIGURES[name].labels), name
        self.num_told += 1
        self.series[name, tuple(labels.values())] = value

    def forget(self, name: str, labels: Mapping[str, str]) -> None:
        del self.series[name, tuple(labels.values())]


def told(**options: float) -> tuple[RememberingSink, RunMetrics]:
    sink = RememberingSink()
    return sink, RunMetrics(sink, **options)


def game(status: str, **more: object) -> GameResult:
    fields = {"reason": None, "detail": "", "num_frames": 600, "wall_seconds": 10.0} | more
    return GameResult("0" * 64, status, **fields)  # type: ignore[arg-type]


def test_every_state_of_a_game_is_told_even_where_there_is_none():
    sink, metrics = told()
    metrics.on_counts(RUNNING)
    assert {labels[0] for name, labels in sink.series if name == "farm_games"} == set(STATES)
    assert sink.series["farm_games", ("set_aside",)] == 0
    assert sink.series["farm_games", ("waiting",)] == 3


def test_the_states_of_the_figure_are_those_of_the_counts():
    counts = RunCounts(**{state: 2**place for place, state in enumerate(STATES)})
    assert counts.num_games == 2 ** len(STATES) - 1


def test_retries_are_told_by_failure():
    sink, metrics = told()
    metrics.on_counts(RunCounts(running=1, retries=Counter({Breakage.NODE_LOST: 2, "attempt_failed": 1})))
    retries = {labels[0]: value for (name, labels), value in sink.series.items() if name == "farm_retries"}
    assert retries == {"node_lost": 2, "attempt_failed": 1}


def test_counts_are_told_at_most_once_in_a_while(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(engine_metrics.time, "monotonic", lambda: now[0])
    sink, metrics = told(tally_seconds=5.0)
    metrics.on_counts(RUNNING)
    first = sink.num_told
    now[0] = 104.9
    metrics.on_counts(RUNNING)
    assert sink.num_told == first
    now[0] = 105.0
    metrics.on_counts(RUNNING)
    assert sink.num_told == 2 * first


def test_the_last_counts_of_a_run_are_told_at_once():
    sink, metrics = told(tally_seconds=3600.0)
    metrics.on_counts(RUNNING)
    metrics.on_counts(RunCounts(committed=6, frames_done=3600, frames_total=3600))
    assert sink.series["farm_games", ("committed",)] == 6
    assert sink.series["farm_frames_done", ()] == 3600


def test_a_game_set_aside_counts_for_its_reason_and_not_for_video():
    sink, metrics = told()
    for reason in (Reason.MISALIGNED, Reason.ILLEGAL_STAGE, Reason.MISALIGNED):
        metrics.on_result(game("set_aside", reason=reason, video_bytes=5))
    assert sink.series == {
        ("farm_set_aside", ("misaligned",)): 2,
        ("farm_set_aside", ("illegal_stage",)): 1,
    }


def test_a_result_without_bytes_or_evidence_tells_none():
    sink, metrics = told()
    metrics.on_result(NullResult("g", "committed", 600))
    assert sink.series == {("farm_video_bytes", ()): 0}


def test_a_game_that_was_not_committed_has_no_pace_but_its_slot_is_there():
    sink, metrics = told()
    metrics.on_event(JobReturned("a", game("attempt_failed")))
    assert sink.series == {("farm_worker_frames_per_second", ("a",)): 0.0}


def test_a_result_that_took_no_time_gives_no_pace():
    sink, metrics = told()
    metrics.on_event(JobReturned("a", game("committed", wall_seconds=0.0)))
    assert sink.series == {}


def test_a_slot_that_never_had_a_pace_is_not_forgotten():
    _, metrics = told()
    metrics.on_event(SlotOpened("a", "node"))
    metrics.on_event(SlotClosed("a"))  # else the sink fails: it knows no such series
    metrics.on_event(JobBroke("b", Breakage.NODE_LOST, ""))


def test_a_slot_is_forgotten_once():
    sink, metrics = told()
    metrics.on_event(JobReturned("a", game("committed")))
    metrics.on_event(SlotClosed("a"))
    metrics.on_event(SlotClosed("a"))
    assert sink.series == {}


def test_every_figure_says_in_a_sentence_what_it_is():
    for name, figure in FIGURES.items():
        assert name.startswith("farm_")
        assert figure.about[0].isupper(), name
        assert figure.about.endswith("."), name
