"""A real run in a process of its own, sent signals, finishes what it should and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from null_processes import wait_for

from farm.engine.stopping import Stop, StopSignals
from workers.scratch import own_folder_in, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[[float], subprocess.Popen[bytes]]

DOUBLES = Path(__file__).parents[1] / "doubles"
CHILDREN = "3599"


@pytest.fixture(autouse=True)
def hears_hangups() -> Iterator[None]:
    """Let SIGHUP act here and in processes started here, also under nohup, which ignores it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "ledger").mkdir()
    started = []

    def start(seconds: float) -> subprocess.Popen[bytes]:
        arguments = [
            "local",
            str(tmp_path / "ledger"),
            str(tmp_path / "scratch"),
            str(seconds),
            CHILDREN,
            "20",
        ]
        process = subprocess.Popen(
            [sys.executable, str(DOUBLES / "null_run.py"), *arguments],
            env={**os.environ, "FARM_TEST_RUN": str(tmp_path)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def living(folder: Path) -> dict[int, str]:
    """The processes that inherited the mark of this test's run, by pid, without zombies."""
    mark = f"FARM_TEST_RUN={folder}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def both_render(folder: Path) -> bool:
    return sum(f"sleep {CHILDREN}" in line for line in living(folder).values()) == 6


@pytest.mark.slow
def test_ctrl_c_finishes_the_games_that_run_and_exits_not_finished(start: Start, tmp_path: Path):
    run = start(1.0)
    wait_for(lambda: both_render(tmp_path))
    run.send_signal(signal.SIGINT)
    assert run.wait(120) == 2
    assert len(list((tmp_path / "ledger").iterdir())) == 2
    assert living(tmp_path) == {}
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_twice_stops_now(start: Start, tmp_path: Path):
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)  # two signals of one kind, sent at once, would be merged into one
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 2
    wait_for(lambda: living(tmp_path) == {}, 60.0)


def test_sigterm_stops_now(start: Start, tmp_path: Path):
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 2
    wait_for(lambda: living(tmp_path) == {}, 60.0)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_run_killed_with_9_takes_its_workers_and_their_children_along(start: Start, tmp_path: Path):
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    assert len(living(tmp_path)) == 9  # the run, two workers, six children
    run.kill()
    run.wait()
    wait_for(lambda: living(tmp_path) == {}, 60.0)
    assert len(sweep(tmp_path / "scratch")) == 2
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.slow
def test_a_worker_killed_with_9_takes_its_child_along_and_the_run_goes_on(start: Start, tmp_path: Path):
    run = start(0.5)
    wait_for(lambda: both_render(tmp_path))
    worker = next(pid for pid, line in living(tmp_path).items() if "farm.pools.slot_process" in line)
    child = next(
        pid
        for pid in living(tmp_path)
        if (Path("/proc") / str(pid) / "stat").read_text().split()[3] == str(worker)
    )
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: child not in living(tmp_path), 60.0)
    assert run.wait(120) == 0
    assert len(list((tmp_path / "ledger").iterdir())) == 20


def test_nothing_is_asked_for_until_a_signal_comes():
    with StopSignals() as stop:
        assert stop.request is Stop.NO


def test_the_first_interrupt_drains_and_the_second_stops_now():
    with StopSignals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.request is Stop.DRAIN
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.request is Stop.NOW


def test_the_first_interrupt_says_at_once_what_happens_and_the_second_says_nothing(
    capfd: pytest.CaptureFixture[str],
):
    with StopSignals():
        os.kill(os.getpid(), signal.SIGINT)
        assert "the games in hand are finished first" in (said := capfd.readouterr().err)
        assert "^C again stops at once" in said
        os.kill(os.getpid(), signal.SIGINT)
        assert capfd.readouterr().err == ""


def test_an_interrupt_after_sigterm_does_not_make_it_less_urgent():
    with StopSignals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.request is Stop.NOW


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_a_terminal_that_is_gone_and_sigquit_stop_now_and_leave_nothing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    run.send_signal(number)
    assert run.wait(60) == 2
    wait_for(lambda: living(tmp_path) == {}, 60.0)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert list((own_folder_in(tmp_path) / "logs").iterdir()) == []


@pytest.mark.slow
def test_the_logs_of_a_run_that_was_killed_go_with_the_next(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    logs = own_folder_in(tmp_path) / "logs"
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    run.kill()
    run.wait()
    wait_for(lambda: living(tmp_path) == {}, 60.0)
    [left] = logs.iterdir()
    run = start(60.0)
    wait_for(lambda: both_render(tmp_path))
    assert left not in list(logs.iterdir())
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 2
    assert list(logs.iterdir()) == []


def test_a_sighup_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.request is Stop.NO
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_are_given_back_even_when_the_run_fails(number: signal.Signals):
    before = signal.getsignal(number)
    with contextlib.suppress(RuntimeError), StopSignals():
        assert signal.getsignal(number) is not before
        raise RuntimeError
    assert signal.getsignal(number) is before
