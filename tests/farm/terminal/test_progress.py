"""A run's progress: few lines in a log, a live display on a terminal, and numbers that add up."""

from __future__ import annotations

import io
from collections import Counter

from rich.console import Console

from farm.engine.attempts import FailedAttempt
from farm.engine.run_counts import RenderingPace, RunCounts
from farm.terminal.progress import describe, progress, tell_failures

TALLY = RunCounts(
    committed=3,
    set_aside=1,
    running=2,
    waiting=4,
    frames_done=6000,
    frames_total=18000,
    num_slots=2,
    num_nodes=1,
)


def shown(*, is_terminal: bool, num_updates: int) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=200)
    with progress(console, log_seconds=3600.0) as show:
        for _ in range(num_updates):
            show(TALLY)
    return stream.getvalue()


def test_a_log_gets_the_first_line_and_the_last_whatever_happens_between():
    assert shown(is_terminal=False, num_updates=1000).count("4/10 games") == 2


def test_a_log_has_no_control_characters():
    assert "\x1b" not in shown(is_terminal=False, num_updates=3)


def test_a_terminal_gets_a_live_line_that_is_gone_at_the_end():
    output = shown(is_terminal=True, num_updates=3)
    assert "4/10 games" in output
    assert output.endswith("\x1b[2K")


def test_nothing_is_shown_of_a_run_without_counts():
    assert shown(is_terminal=False, num_updates=0) == ""


def test_the_line_says_what_is_done_running_lost_and_left():
    pace = RenderingPace(0.0)
    pace.add(60.0, 6000)
    assert describe(TALLY, pace, 60.0) == (
        "4/10 games | 1 set aside | 2 running on 2 slots | 100 frames/s | 1 min 00 s gone, 2 min 00 s left"
    )


def test_the_line_names_failures_and_nodes_where_there_are_any():
    counts = RunCounts(left_undone=1, num_slots=4, num_nodes=2, retries=Counter(node_lost=3))
    line = describe(counts, RenderingPace(0.0), 0.0)
    assert "1 left undone" in line
    assert "of 2 nodes" in line
    assert "3 x node_lost" in line
    assert "? left" in line


def test_a_pace_that_is_not_known_yet_is_no_number():
    line = describe(
        RunCounts(running=2, waiting=4, frames_total=18000, num_slots=2), RenderingPace(0.0), 30.0
    )
    assert "| ? frames/s |" in line


def test_why_attempts_failed_is_told_line_by_line_but_not_for_ever():
    console = Console(file=io.StringIO(), width=200)
    tell = tell_failures(console)
    for _ in range(1000):
        tell(FailedAttempt("ab" * 32, 2, "node-7", "worker_died", "killed by SIGKILL"))
    tell(FailedAttempt("cd" * 32, 1, "node-8", "overdue", ""))
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "attempt 2 at game abababababab on node-7: worker_died: killed by SIGKILL"
    assert lines[-2].endswith("(further worker_died are only counted)")
    assert lines[-1] == "attempt 1 at game cdcdcdcdcdcd on node-8: overdue"
    assert len(lines) == 21
