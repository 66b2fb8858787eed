"""The frame channel's preloaded library works in a program that shows pictures as Slippi's Dolphin does.

The program is a compiled double (`channel_double/`); its display, its OpenGL and its std::cout are real.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workers.emulator.slippi_doubles import needs_compiler, script_of, showing_slippi, shown
from workers.align.log import asked_evidence
from workers.emulator.channel_frames import DESCRIPTOR_VARIABLE, PICTURES_VARIABLE
from workers.emulator.contract import BootImage, Deadlines, LogLine, Picture
from workers.emulator.frame_channel import records
from workers.emulator.frame_channel.build import LIBRARY
from workers.emulator.frame_channel.i420 import i420_by_numpy
from workers.emulator.frame_channel.picture_memory import NUM_SLOTS
from workers.emulator.xvfb import xvfb
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.emulator.slippi import SlippiDolphin

pytestmark = [needs_compiler, pytest.mark.slow]
NUM_FRAMES = 40
LIMITS = Deadlines(startup_seconds=30.0, progress_seconds=10.0, total_seconds=100.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("double")


@pytest.fixture
def channel(folder: Path) -> SlippiDolphin:
    return showing_slippi(folder, "channel")


def played(emulator: SlippiDolphin, script: list[str], room: Path) -> list[Picture | LogLine]:
    boot_image = BootImage("\n".join(script).encode(), NUM_FRAMES)
    with emulator.play(boot_image, room, LIMITS) as events:
        return list(events)


def pictures(events: list[Picture | LogLine]) -> list[Picture]:
    return [event for event in events if isinstance(event, Picture)]


def frames_said(events: list[Picture | LogLine]) -> np.ndarray:
    return np.array([picture.slp_frame_asked for picture in pictures(events)][:NUM_FRAMES])


def test_pictures_are_those_that_were_shown_byte_for_byte(channel, tmp_path, monkeypatch):
    (tmp_path / "raw").mkdir()
    monkeypatch.setenv("DOUBLE_RAW", str(tmp_path / "raw"))
    plain = pictures(played(channel, script_of(NUM_FRAMES, num_waiting=7), tmp_path))
    for picture in plain[:NUM_FRAMES]:
        raw = (tmp_path / "raw" / f"{picture.capture_index + 8}").read_bytes()
        rgba = np.frombuffer(raw, np.uint8).reshape(480, 640, 4)
        np.testing.assert_array_equal(picture.yuv, i420_by_numpy(rgba))


def test_each_picture_says_its_own_frame_and_the_waiting_screen_is_left_out(channel, tmp_path):
    events = played(channel, script_of(NUM_FRAMES, num_waiting=31), tmp_path)
    assert frames_said(events).tolist() == list(range(-123, NUM_FRAMES - 123))
    assert {picture.slp_frame_asked for picture in pictures(events)[NUM_FRAMES:]} == {NUM_FRAMES - 123}
    assert asked_evidence(frames_said(events)).agrees


def test_lines_come_whole_and_in_order(channel, tmp_path):
    texts = ["", "[LRAS]", "x" * 4000, "grün", "[CURRENT_FRAME] nonsense"]
    script = [*(f"said {text}" for text in texts), *script_of(NUM_FRAMES)]
    lines = [event.text for event in played(channel, script, tmp_path) if isinstance(event, LogLine)]
    assert lines[: len(texts)] == texts
    asked = [text for text in lines if text.startswith("[CURRENT_FRAME] ")][1:]
    assert asked == [f"[CURRENT_FRAME] {n - 123}" for n in range(NUM_FRAMES + 1)]


def test_a_line_that_is_too_long_comes_in_pieces(channel, tmp_path):
    events = played(channel, ["said " + "x" * 9000, *script_of(NUM_FRAMES)], tmp_path)
    lines = [event.text for event in events if isinstance(event, LogLine)]
    assert lines[:3] == ["x" * 4096, "x" * 4096, "x" * 808]


FAULTS = [
    # the change of the script, the first frame at which it shows, the text of the error
    ("twice", -113, "slp_frame -114 was shown twice"),
    ("skipped", -113, "after slp_frame -114 came -112"),
]


@pytest.mark.parametrize(("fault", "first", "said"), FAULTS)
def test_a_frame_that_is_shown_twice_or_skipped_shows_as_what_it_is(channel, tmp_path, fault, first, said):
    script = script_of(NUM_FRAMES)
    at = script.index(shown(-114)) + 1
    if fault == "twice":
        script.insert(at, shown(-114))
    else:
        del script[at + 1]  # the picture of slp_frame -113
    found = asked_evidence(frames_said(played(channel, script, tmp_path)))
    assert found.disagrees
    assert found.first_disagreement_slp_frame == first
    assert said in found.detail


def test_a_frame_that_is_asked_for_again_before_it_is_drawn_does_no_harm(channel, tmp_path):
    script = script_of(NUM_FRAMES)
    at = script.index("said [CURRENT_FRAME] -100")
    script[at:at] = ["said [CURRENT_FRAME] -100"] * 5
    assert asked_evidence(frames_said(played(channel, script, tmp_path))).agrees


def test_a_first_picture_that_is_missing_fails(channel, tmp_path):
    script = [step for step in script_of(NUM_FRAMES) if step != shown(-123)]
    with pytest.raises(EmulatorFailed, match=r"first picture is that of slp_frame -122: .* -123 is missing"):
        played(channel, script, tmp_path)


def test_pictures_of_another_size_fail(channel, tmp_path):
    script = script_of(NUM_FRAMES)
    script.insert(script.index(shown(-110)), "size 320 240")
    with pytest.raises(EnvironmentFailed, match="dumps 320x240, asked for were 640x480"):
        played(channel, script, tmp_path)


def test_a_picture_that_is_lost_with_its_context_is_missed(channel, tmp_path):
    script = script_of(NUM_FRAMES)
    script.insert(script.index(shown(-100)), "context")
    with pytest.raises(EmulatorFailed, match=r"picture 3\d came where \d\d is due: a picture is missing"):
        played(channel, script, tmp_path)


def test_an_emulator_that_dies_in_the_middle_of_a_game_is_named(channel, tmp_path):
    script = script_of(NUM_FRAMES)
    script.insert(script.index(shown(-100)), "end -11")
    with pytest.raises(EmulatorFailed, match=r"killed by SIGSEGV, \d+ of 48 pictures seen"):
        played(channel, script, tmp_path)


def test_a_slow_consumer_holds_the_emulator_back_and_loses_nothing(channel, tmp_path):
    boot_image = BootImage("\n".join(script_of(NUM_FRAMES, num_waiting=200)).encode(), NUM_FRAMES)
    seen = []
    with channel.play(boot_image, tmp_path, LIMITS) as events:
        for event in events:
            if isinstance(event, Picture):
                if not event.capture_index:
                    time.sleep(0.5)  # only lets the queue fill; it waits for nothing else
                seen.append(event.slp_frame_asked)
    assert seen[:NUM_FRAMES] == list(range(-123, NUM_FRAMES - 123))


def test_lines_that_are_printed_past_the_library_are_told(channel, tmp_path):
    script = [*(f"shown - {number}" for number in range(10)), "printed [FILE_PATH] game.slp", "shown - 3"]
    with pytest.raises(
        EnvironmentFailed, match=r"prints its lines past the preloaded library; take --frames png"
    ):
        played(channel, script, tmp_path)


def nothing_to_preload(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the library by a file that the loader refuses, and do not wait long for its pictures."""
    nothing = folder / "nothing.so"
    nothing.write_bytes(b"no library")
    monkeypatch.setattr("workers.emulator.channel_frames.LIBRARY", nothing)
    monkeypatch.setattr("workers.emulator.channel_frames._FIRST_SECONDS", 1.0)


def test_a_library_that_does_not_take_is_told(channel, tmp_path, monkeypatch):
    nothing_to_preload(tmp_path, monkeypatch)
    with pytest.raises(EnvironmentFailed, match=r"does not take: the emulator was started.*--frames png"):
        played(channel, script_of(NUM_FRAMES), tmp_path)


def test_pictures_that_the_library_does_not_see_are_told(channel, tmp_path, monkeypatch):
    monkeypatch.setattr("workers.emulator.channel_frames._FIRST_SECONDS", 1.0)
    with pytest.raises(EnvironmentFailed, match=r"does not take: the emulator shows its pictures in a way"):
        played(channel, ["blind"], tmp_path)


def test_auto_takes_the_channel_where_it_works(folder):
    emulator = showing_slippi(folder, "auto")
    assert emulator.frame_way().name == "channel"
    assert emulator.fingerprint()["frames"] == f"channel {records.VERSION}"


def test_auto_takes_png_where_the_library_does_not_take_and_says_so_once(
    folder, tmp_path_factory, monkeypatch, capsys
):
    elsewhere = tmp_path_factory.mktemp("other")
    nothing_to_preload(elsewhere, monkeypatch)
    emulator = showing_slippi(elsewhere / "slippi", "auto")
    for _ in range(2):
        assert emulator.frame_way().name == "png"
        assert emulator.fingerprint()["frames"] == "png"
    assert capsys.readouterr().err.count("pictures come as PNG") == 1


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    with xvfb(640, 480, tmp_path) as name:
        yield name


@pytest.fixture
def pictures_memory() -> Iterator[int]:
    descriptor = os.memfd_create("pictures")
    os.ftruncate(descriptor, NUM_SLOTS * 640 * 720)
    yield descriptor
    os.close(descriptor)


def environment(descriptor: int, memory: int) -> dict[str, str]:
    return {
        **os.environ,
        "LD_PRELOAD": str(LIBRARY),
        DESCRIPTOR_VARIABLE: str(descriptor),
        PICTURES_VARIABLE: str(memory),
    }


def run_double(
    channel: SlippiDolphin, room: Path, script: list[str], descriptors: tuple[int, int], display: str
) -> list[str]:
    """Run the double by itself to the end of a script; return what it printed."""
    (room / "script").write_text("\n".join(script))
    (room / "comm.json").write_text(f'{{"replay": "{room / "script"}"}}')
    done = subprocess.run(
        [str(channel.program), "--slippi-input", str(room / "comm.json")],
        check=True,
        timeout=240,
        stdout=subprocess.PIPE,
        env={**environment(*descriptors), "DISPLAY": display},
        pass_fds=descriptors,
    )
    return done.stdout.decode().splitlines()


def test_a_reader_that_goes_away_does_not_harm_the_program(channel, tmp_path, display, pictures_memory):
    ours, theirs = socket.socketpair()
    ours.close()
    script = [*script_of(NUM_FRAMES), "end 0"]
    said = run_double(channel, tmp_path, script, (theirs.fileno(), pictures_memory), display)
    theirs.close()
    assert said[-1] == f"[CURRENT_FRAME] {NUM_FRAMES - 123}"


def test_a_descriptor_that_is_no_socket_leaves_the_program_as_it_is(
    channel, tmp_path, display, pictures_memory
):
    with (tmp_path / "file").open("wb") as file:
        script = [*script_of(NUM_FRAMES), "end 0"]
        said = run_double(channel, tmp_path, script, (file.fileno(), pictures_memory), display)
    assert (tmp_path / "file").stat().st_size == 0
    assert len(said) == NUM_FRAMES + 4


def test_memory_that_cannot_be_shared_leaves_the_program_as_it_is(channel, tmp_path, display):
    ours, theirs = socket.socketpair()
    with (tmp_path / "empty").open("wb") as file:
        script = [*script_of(NUM_FRAMES), "end 0"]
        said = run_double(channel, tmp_path, script, (theirs.fileno(), file.fileno()), display)
    theirs.close()
    assert len(said) == NUM_FRAMES + 4
    assert ours.recv(1) == b""
    ours.close()


@pytest.mark.parametrize("program", ["/bin/true", "/bin/sh"])
def test_programs_that_draw_nothing_say_nothing(program: str, pictures_memory: int):
    ours, theirs = socket.socketpair()
    subprocess.run(
        [program],
        check=True,
        env=environment(theirs.fileno(), pictures_memory),
        pass_fds=[theirs.fileno(), pictures_memory],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    assert ours.recv(1) == b""
    ours.close()
