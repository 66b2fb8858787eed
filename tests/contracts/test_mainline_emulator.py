"""Mainline Dolphin passes the Emulator contract, with the stand-in game."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.stamp import read_stamps
from tests.contracts.emulator_suite import PATIENT, EmulatorSuite, next_picture
from tests.contracts.footprint import child_processes, footprint
from workers.emulator.contract import CURRENT_FRAME, BootImage, Picture
from workers.emulator.mainline import LOG_LAG, MainlineDolphin
from workers.errors import EmulatorFailed
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.scratch import PREFIX, sweep
from workers.standin.image.pack import pack
from workers.standin.recorder import record_match

pytestmark = pytest.mark.dolphin
NUM_FRAMES = 150


@pytest.fixture(scope="module")
def program() -> bytes:
    return pack(renderable(read_replay(record_match(7, num_frames=NUM_FRAMES))))


class TestMainlineDolphin(EmulatorSuite):
    @pytest.fixture
    def emulator(self) -> MainlineDolphin:
        return MainlineDolphin()

    @pytest.fixture
    def boot_image(self, program: bytes) -> BootImage:
        return BootImage(program, NUM_FRAMES)

    @pytest.mark.parametrize("consumer_seconds", [0.0, 0.03], ids=["prompt consumer", "slow consumer"])
    def test_every_picture_is_stamped_with_its_frame_and_lines_lead_by_the_same_number(
        self, emulator: MainlineDolphin, boot_image: BootImage, tmp_path: Path, consumer_seconds: float
    ):
        lags, lumas = [], []
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            for event in events:
                if isinstance(event, Picture):
                    lumas.append(event.luma)
                    time.sleep(consumer_seconds)
                elif event.text.startswith(CURRENT_FRAME):
                    lags.append(event.newest_capture_index - int(event.text.split()[1]) + FIRST_SLP_FRAME)
        slp_frame, valid = read_stamps(np.stack(lumas))
        assert valid.all()
        game = range(FIRST_SLP_FRAME, FIRST_SLP_FRAME + NUM_FRAMES)
        assert slp_frame.tolist() == [*game, *[game[-1]] * (len(lumas) - NUM_FRAMES)]
        assert max(set(lags), key=lags.count) == LOG_LAG

    def test_a_game_that_is_shorter_than_claimed_stalls_no_one(
        self, emulator: MainlineDolphin, program: bytes, tmp_path: Path
    ):
        # The held frame is shown for ever, so pictures come; the alignment judges whether they are right.
        with emulator.play(BootImage(program, NUM_FRAMES + 50), tmp_path, PATIENT) as events:
            assert sum(isinstance(event, Picture) for event in events) == NUM_FRAMES + 50 + 8

    def test_an_exit_with_status_0_is_a_failure(
        self, emulator: MainlineDolphin, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            next_picture(events)
            (dolphin,) = set(child_processes()) - before.children
            os.kill(dolphin, signal.SIGTERM)  # which Dolphin obeys by ending in order
            with pytest.raises(EmulatorFailed, match=r"exited by itself with status 0\b.* of 158") as failure:
                list(events)
        assert failure.value.reason is Reason.EMULATOR_EXIT
        assert footprint(tmp_path) == before

    def test_an_image_that_does_not_boot_fails_the_play_with_what_dolphin_said(
        self, emulator: MainlineDolphin, tmp_path: Path
    ):
        with (
            pytest.raises(EmulatorFailed, match=r"status 1\b.*; 0 of 18 pictures.*Could not boot") as failure,
            emulator.play(BootImage(b"this boots nothing", 10), tmp_path, PATIENT) as events,
        ):
            list(events)
        assert failure.value.reason is Reason.EMULATOR_EXIT


def test_a_worker_killed_with_9_takes_its_dolphin_along_and_the_next_sweep_its_files(
    program: bytes, tmp_path: Path
):
    image = tmp_path / "game.dol"
    image.write_bytes(program)
    base = tmp_path / "scratch"
    program = f"""
        import sys
        from pathlib import Path
        from workers.emulator.contract import BootImage, Deadlines, Picture
        from workers.emulator.mainline import MainlineDolphin
        from workers.scratch import scratch
        boot_image = BootImage(Path({str(image)!r}).read_bytes(), {NUM_FRAMES})
        with scratch(Path({str(base)!r})) as folder:
            with MainlineDolphin().play(boot_image, folder, Deadlines(120.0, 60.0, 280.0)) as events:
                next(event for event in events if isinstance(event, Picture))
                print("playing", flush=True)
                sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"playing\n"
        (dolphin,) = child_processes(worker.pid)
        handle = os.pidfd_open(dolphin)
        assert sweep(base) == ()  # the process that owns the folder lives
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    with os.fdopen(handle):
        assert _is_readable(handle, 10.0), "Dolphin outlived its worker"
    (left,) = base.glob(f"{PREFIX}*")
    assert sweep(base) == (left,)
    assert not any(base.iterdir())


def _is_readable(descriptor: int, seconds: float) -> bool:
    """A process's descriptor is readable once the process has ended."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
