"""Scratch folders are private while in use, removed afterwards, and swept when their owner was killed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from workers import scratch as module
from workers.errors import EnvironmentFailed
from workers.scratch import PREFIX, default_base, scratch, sweep

ROOT = Path(__file__).parents[2]


def test_a_scratch_folder_is_new_and_vanishes_with_its_content(tmp_path: Path):
    base = tmp_path / "made on demand"
    with scratch(base) as first, scratch(base) as second:
        assert first != second
        assert first.parent == second.parent == base
        assert not any(first.iterdir())
        (first / "deep").mkdir()
        (first / "deep" / "file").write_bytes(b"x")
    assert not any(base.iterdir())


def test_a_path_whose_parent_is_not_there_is_refused_and_nothing_is_made(tmp_path: Path):
    with (
        pytest.raises(EnvironmentFailed, match=r"slip is not there; make it"),
        scratch(tmp_path / "slip" / "s"),
    ):
        pass
    assert not any(tmp_path.iterdir())


def test_it_vanishes_when_its_block_fails(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), scratch(tmp_path):
        raise ZeroDivisionError
    assert not any(tmp_path.iterdir())


def test_no_descriptor_is_left_open(tmp_path: Path):
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    with scratch(tmp_path):
        pass
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_a_folder_in_use_is_not_swept(tmp_path: Path):
    with scratch(tmp_path) as folder:
        (folder / "file").write_bytes(b"x")
        assert sweep(tmp_path) == ()
        assert (folder / "file").exists()


def test_what_a_killed_process_left_is_swept(tmp_path: Path):
    program = f"""
        import sys
        from pathlib import Path
        from workers.scratch import scratch
        with scratch(Path({str(tmp_path)!r})) as folder:
            (folder / "file").write_bytes(b"x")
            print(folder, flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())
        assert sweep(tmp_path) == ()
        owner.send_signal(signal.SIGKILL)
    assert (folder / "file").exists()
    assert sweep(tmp_path) == (folder,)
    assert not any(tmp_path.iterdir())


def test_a_folder_taken_by_a_sweeper_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """This is the only possible race: mkdir, then a sweep by another process, then the lock."""
    taken: list[int] = []
    real = fcntl.flock

    def sweeper_comes_first(descriptor: int, operation: int) -> None:
        if not taken:
            taken.append(descriptor)
            (folder,) = tmp_path.glob(f"{PREFIX}*")
            folder.rmdir()
        real(descriptor, operation)

    monkeypatch.setattr(module.fcntl, "flock", sweeper_comes_first)
    with scratch(tmp_path) as folder:
        assert folder.is_dir()
    assert taken


def test_other_things_in_the_base_are_left_alone(tmp_path: Path):
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{PREFIX}file").write_bytes(b"not a folder")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "precious")
    assert sweep(tmp_path) == ()
    assert len(list(tmp_path.iterdir())) == 3


def test_sweeping_where_nothing_ever_was_is_no_error(tmp_path: Path):
    assert sweep(tmp_path / "absent") == ()


def test_a_base_that_cannot_be_made_fails_with_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(EnvironmentFailed, match=r"no scratch folder under .*file.* TMPDIR"),
        scratch(tmp_path / "file" / "below"),
    ):
        pass


def test_tmpdir_decides_where_scratch_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert default_base().parent == tmp_path


def test_without_tmpdir_it_is_memory_if_there_is_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(module, "ROOM_BYTES", 1)
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no writable /dev/shm here")
    assert default_base().parent == Path("/dev/shm")
    monkeypatch.setattr(module, "ROOM_BYTES", 1 << 60)
    assert default_base().parent != Path("/dev/shm")


@pytest.fixture
def guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default place of this user's scratch, which everybody can guess; nothing is there yet."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return default_base()


def test_a_link_in_the_place_that_everybody_can_guess_is_refused_and_nothing_behind_it_is_swept(
    guessed: Path, tmp_path: Path
):
    victim = tmp_path / "victim"
    (victim / f"{PREFIX}looks-like-ours").mkdir(parents=True)
    guessed.symlink_to(victim)
    with (
        pytest.raises(EnvironmentFailed, match=r"it is a link, or no folder; remove it, or set TMPDIR"),
        scratch(),
    ):
        pass
    assert sweep() == ()
    assert (victim / f"{PREFIX}looks-like-ours").is_dir()


def test_a_folder_there_that_others_may_write_is_refused(guessed: Path):
    guessed.mkdir()
    guessed.chmod(0o777)
    with pytest.raises(EnvironmentFailed, match=r"others may write into it \(mode 777\)"), scratch():
        pass


def test_a_folder_there_of_somebody_else_is_refused(guessed: Path):
    if os.getuid() != 0:
        pytest.skip("only the superuser can make another user's folder")
    guessed.mkdir(mode=0o700)
    os.chown(guessed, 54321, 54321)
    with pytest.raises(EnvironmentFailed, match="it belongs to user 54321"), scratch():
        pass
    assert sweep() == ()


def test_a_folder_of_somebody_else_is_not_swept_from_a_place_that_users_share(tmp_path: Path):
    if os.getuid() != 0:
        pytest.skip("only the superuser can make another user's folder")
    theirs = tmp_path / f"{PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 54321, 54321)
    assert sweep(tmp_path) == ()
    assert theirs.is_dir()
