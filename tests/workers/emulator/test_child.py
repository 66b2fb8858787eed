"""A child process's output is read; it is stopped with its whole group, reaped, and dies when we do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.contracts.footprint import child_processes, footprint
from tests.running import is_running
from workers.emulator.child import Child
from workers.errors import EnvironmentFailed

ROOT = Path(__file__).parents[3]


def start(folder: Path, *command: str) -> Child:
    return Child(command, folder=folder, environment=os.environ, stdout=folder / "out", stderr=folder / "err")


def python(folder: Path, program: str) -> Child:
    return start(folder, sys.executable, "-u", "-c", textwrap.dedent(program))


def wait_for_line(path: Path, seconds: float = 20.0) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().endswith("\n"):
            return path.read_text().splitlines()[-1]
        time.sleep(0.01)
    pytest.fail(f"nothing in {path}")


def ends(process_id: int, seconds: float = 10.0) -> bool:
    """Whether a process that is no child of ours ends in time; nothing reports that, so this polls."""
    deadline = time.monotonic() + seconds
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(process_id)


def test_leaving_the_block_ends_and_reaps_it(tmp_path: Path):
    before = footprint(tmp_path / "elsewhere")
    with start(tmp_path, "sleep", "600") as child:
        assert child.process_id in child_processes()
        assert child.exit_status() is None
    assert child.exit_status() == -signal.SIGTERM
    assert footprint(tmp_path / "elsewhere") == before


def test_it_runs_in_a_group_of_its_own(tmp_path: Path):
    with start(tmp_path, "sleep", "600") as child:
        assert os.getpgid(child.process_id) == child.process_id != os.getpgid(0)


def test_one_that_ignores_term_is_killed(tmp_path: Path):
    child = python(
        tmp_path,
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        time.sleep(600)
        """,
    )
    assert wait_for_line(tmp_path / "out") == "deaf"
    started = time.monotonic()
    assert child.stop(grace_seconds=0.3) == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - started < 10


def test_what_it_started_itself_ends_with_it(tmp_path: Path):
    with python(
        tmp_path,
        """
        import subprocess, time
        print(subprocess.Popen(["sleep", "600"]).pid)
        time.sleep(600)
        """,
    ):
        grandchild = int(wait_for_line(tmp_path / "out"))
        assert is_running(grandchild)
    assert ends(grandchild)


def test_what_an_ended_one_left_behind_ends_too(tmp_path: Path):
    child = python(tmp_path, 'import subprocess; print(subprocess.Popen(["sleep", "600"]).pid)')
    assert child.wait(20) == 0
    grandchild = int(wait_for_line(tmp_path / "out"))
    assert is_running(grandchild)
    assert child.stop() == 0
    assert ends(grandchild)


def test_a_suspended_one_is_stopped_politely_all_the_same(tmp_path: Path):
    with start(tmp_path, "sleep", "600") as child:
        child.suspend()
        assert child.stop(grace_seconds=10) == -signal.SIGTERM


def test_the_status_of_one_that_ended_by_itself_is_its_own(tmp_path: Path):
    with start(tmp_path, "sh", "-c", "exit 3") as child:
        assert child.wait(20) == 3
        assert child.exit_status() == 3
        assert child.stop() == 3
        assert child.stop() == 3


def test_waiting_for_a_living_one_ends_at_the_deadline(tmp_path: Path):
    with start(tmp_path, "sleep", "600") as child:
        assert child.wait(0.05) is None


def test_it_hears_nothing_on_its_input_and_nothing_of_our_environment(tmp_path: Path):
    with Child(
        ["/bin/sh", "-c", "cat; echo [$HOME]"],
        folder=tmp_path,
        environment={"HOME": "nowhere"},
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
    ) as child:
        assert child.wait(20) == 0
    assert (tmp_path / "out").read_text() == "[nowhere]\n"


def test_its_last_line_on_stderr_is_at_hand(tmp_path: Path):
    with start(tmp_path, "sh", "-c", "echo first >&2; echo last words >&2") as child:
        assert child.wait(20) == 0
        assert child.said() == "last words"


@pytest.mark.parametrize("name", ["absent", "not-executable"])
def test_a_program_that_cannot_be_run_fails_with_its_name(tmp_path: Path, name: str):
    (tmp_path / "not-executable").write_text("just text")
    before = child_processes()
    with pytest.raises(EnvironmentFailed, match=f"{name} is not installed or not executable"):
        start(tmp_path, str(tmp_path / name))
    assert child_processes() == before


def test_without_setpriv_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match=r"setpriv is not installed.*util-linux"):
        start(tmp_path, "/bin/sleep", "1")


def test_it_dies_with_us_even_if_we_are_killed_with_9(tmp_path: Path):
    program = f"""
        import os, sys
        from pathlib import Path
        from workers.emulator.child import Child
        folder = Path({str(tmp_path)!r})
        child = Child(["sleep", "600"], folder=folder, environment=os.environ,
                      stdout=folder / "out", stderr=folder / "err")
        print(child.process_id, flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        name = Path(f"/proc/{child}/comm")
        while name.read_text() != "sleep\n":  # until then it may still be setpriv, with its work to do
            time.sleep(0.01)
        parent.send_signal(signal.SIGKILL)
    assert ends(child)
