"""Slippi's playback Dolphin passes the Emulator contract: a scripted double, and the real one where it is.

The scripted double replays the recorded output of a real run (tests/workers/emulator/record_playback.py); it
is no emulator. The real one plays the stand-in game.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.stamp import read_stamps
from tests.contracts.emulator_suite import PATIENT, EmulatorSuite, next_picture
from tests.contracts.footprint import child_processes, footprint
from tests.workers.emulator.slippi_doubles import (
    NUM_FRAMES,
    needs_compiler,
    needs_slippi,
    real_slippi,
    script_of,
    scripted_slippi,
    showing_slippi,
    use_fake_xvfb,
)
from workers.emulator.contract import BootImage, Deadlines, Picture
from workers.emulator.slippi import LOG_LAG, SlippiDolphin
from workers.errors import EmulatorFailed, EnvironmentFailed
from workers.standin.recorder import record_match

pytestmark = pytest.mark.slow


class SlippiSuite(EmulatorSuite):
    """Tests that the scripted double and the real Dolphin both have to pass."""

    def test_every_picture_is_stamped_with_its_frame_and_the_lines_keep_their_distance(
        self, emulator: SlippiDolphin, boot_image: BootImage, tmp_path: Path
    ):
        lumas, lags = [], Counter[int]()
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            for event in events:
                if isinstance(event, Picture):
                    lumas.append(event.luma)
                elif event.text.startswith("[CURRENT_FRAME]"):
                    lags[event.newest_capture_index - int(event.text.split()[1]) + FIRST_SLP_FRAME] += 1
        slp_frame, valid = read_stamps(np.stack(lumas))
        assert valid.all()
        game = range(FIRST_SLP_FRAME, FIRST_SLP_FRAME + boot_image.num_frames)
        assert slp_frame.tolist() == [*game, *[game[-1]] * (len(lumas) - len(game))]
        if emulator.frame_way().name == "png":
            assert lags.most_common(1)[0][0] == LOG_LAG
            assert lags[LOG_LAG] > 0.9 * lags.total()


class TestScriptedSlippi(SlippiSuite):
    """The tests on the scripted double."""

    @pytest.fixture(autouse=True)
    def _display(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        use_fake_xvfb(tmp_path / "bin", monkeypatch)

    @pytest.fixture
    def emulator(self, tmp_path: Path) -> SlippiDolphin:
        return scripted_slippi(tmp_path / "slippi")

    @pytest.fixture
    def boot_image(self) -> BootImage:
        return BootImage(b"the script does not read it", NUM_FRAMES)


@pytest.fixture(scope="module")
def double_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("double")


@needs_compiler
class TestSlippiOnTheChannel(SlippiSuite):
    """The tests on the compiled double, whose pictures the preloaded library takes."""

    @pytest.fixture
    def emulator(self, double_folder: Path) -> SlippiDolphin:
        return showing_slippi(double_folder, "channel")

    @pytest.fixture
    def boot_image(self) -> BootImage:
        return BootImage("\n".join(script_of(NUM_FRAMES)).encode(), NUM_FRAMES)


@pytest.mark.slippi
@needs_slippi
class TestRealSlippi(SlippiSuite):
    """The tests on the real Dolphin with the stand-in game, by the frame channel and by PNG files."""

    @pytest.fixture(params=["png", "channel"])
    def emulator(self, request: pytest.FixtureRequest) -> SlippiDolphin:
        return replace(real_slippi(), frames=request.param)

    @pytest.fixture
    def boot_image(self) -> BootImage:
        return BootImage(record_match(7, num_frames=NUM_FRAMES), NUM_FRAMES)


@pytest.fixture
def _scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_xvfb(tmp_path / "bin", monkeypatch)


FAILURES = [
    # recording of the real program, frames asked for, text of the error
    ("wrong_disc", 142, EnvironmentFailed, r"refused the game.*NTSC 1\.02"),
    ("cut_replay", 99, EmulatorFailed, r"means to stop at slp_frame 907, not -25"),
    ("cut_replay", 1031, EmulatorFailed, r"only up to slp_frame -25, the last one is 907"),
    ("not_a_replay", 400, EmulatorFailed, r"only up to slp_frame 0, the last one is 276"),
    (
        "not_a_replay",
        100,
        EmulatorFailed,
        r"no picture within 4 s: it opened the replay but asked for no frame",
    ),
]


@pytest.mark.usefixtures("_scripted")
@pytest.mark.parametrize(("recording", "num_frames", "error", "match"), FAILURES)
def test_a_recorded_failure_is_named(
    tmp_path: Path, recording: str, num_frames: int, error: type[Exception], match: str
):
    emulator = scripted_slippi(tmp_path / "slippi", recording)
    before = footprint(tmp_path)
    # Short only where the test waits for the deadline: a busy machine takes seconds to start a process.
    patience = 4.0 if "no picture" in match else 30.0
    limits = Deadlines(startup_seconds=patience, progress_seconds=patience, total_seconds=60.0)
    with (
        pytest.raises(error, match=match),
        emulator.play(BootImage(b"x", num_frames), tmp_path, limits) as events,
    ):
        list(events)
    assert footprint(tmp_path) == before


@pytest.mark.usefixtures("_scripted")
def test_a_slow_consumer_suspends_the_emulator_and_loses_nothing(tmp_path: Path):
    emulator = replace(scripted_slippi(tmp_path / "slippi"), max_waiting_images=4)
    before = footprint(tmp_path)
    with emulator.play(BootImage(b"x", NUM_FRAMES), tmp_path, PATIENT) as events:
        seen = [next_picture(events).capture_index]
        children = set(child_processes()) - before.children
        give_up = time.monotonic() + 30
        while not any(is_suspended(child) for child in children):
            assert time.monotonic() < give_up, "it ran on while nobody looked"
            time.sleep(0.01)
        (images,) = tmp_path.rglob("Frames")
        assert len(list(images.iterdir())) < 12
        seen += [event.capture_index for event in events if isinstance(event, Picture)]
    assert seen == list(range(NUM_FRAMES + 8))


def is_suspended(process_id: int) -> bool:
    return Path(f"/proc/{process_id}/stat").read_text().rsplit(") ")[1].startswith("T")
