"""Every way in which Slippi's Dolphin is known to fail silently is noticed, and gets its own error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from workers.emulator.contract import Deadlines
from workers.emulator.slippi_watch import MAX_REPEATS, PlaybackWatch
from workers.errors import EmulatorFailed, EnvironmentFailed

LAST = 100
NUM_FRAMES = LAST + 124
LIMITS = Deadlines(startup_seconds=30, progress_seconds=20, total_seconds=600)


def watch(said: str = "") -> PlaybackWatch:
    return PlaybackWatch(NUM_FRAMES, LIMITS, now=0.0, said=lambda: said)


def opened() -> PlaybackWatch:
    playback = watch()
    for line in ("[FILE_PATH] /x.slp", "[PLAYBACK_START_FRAME] -123", f"[GAME_END_FRAME] {LAST}"):
        playback.line(line)
    playback.line(f"[PLAYBACK_END_FRAME] {LAST}")
    return playback


def at_frame(last_asked: int) -> PlaybackWatch:
    playback = opened()
    for slp_frame in range(-123, last_asked + 1):
        playback.line(f"[CURRENT_FRAME] {slp_frame}")
        playback.image(1.0)
    return playback


def test_a_good_playback_passes():
    playback = at_frame(LAST)
    assert not playback.is_over
    playback.line(f"[CURRENT_FRAME] {LAST + 1}")
    assert playback.is_over
    playback.idle(20.9)


def test_a_replay_without_an_end_event_is_no_failure():
    playback = watch()
    for line in ("[FILE_PATH] /x.slp", "[LRAS]", "Gtk-Message: something"):
        playback.line(line)


def test_a_wrong_disc_fails():
    with pytest.raises(EnvironmentFailed, match=r"refused the game.*NTSC 1\.02.*farm doctor"):
        watch().exited(-6)


def test_a_missing_display_fails():
    with pytest.raises(EnvironmentFailed, match=r"found no display.*Unable to initialize GTK"):
        watch("Error: Unable to initialize GTK+, is DISPLAY set properly?").exited(255)


def test_a_driver_that_crashes_fails():
    with pytest.raises(
        EmulatorFailed, match="killed by SIGSEGV before it showed anything: a graphics driver"
    ) as failure:
        watch().exited(-11)
    assert failure.value.reason is Reason.EMULATOR_EXIT


@pytest.mark.parametrize("status", [0, 1, 134, -6, -9, -11, 255])
def test_an_exit_in_the_middle_fails_whatever_its_status(status: int):
    with pytest.raises(
        EmulatorFailed, match=r"0 of 232 pictures seen, slp_frame 7 of 100 asked for"
    ) as failure:
        at_frame(7).exited(status)
    assert failure.value.reason is Reason.EMULATOR_EXIT


def test_a_replay_that_was_cut_off_fails_on_its_repeated_last_frame():
    playback = at_frame(50)
    for _ in range(MAX_REPEATS - 1):
        playback.line("[CURRENT_FRAME] 50")
    with pytest.raises(EmulatorFailed, match=r"asked for slp_frame 50 240 times.*cut off"):
        playback.line("[CURRENT_FRAME] 50")


def test_the_recorded_wait_of_a_replay_that_was_cut_off_fails():
    recording = (Path(__file__).parent / "recordings/cut_replay.txt").read_text().splitlines()
    said = [note.removeprefix("said ") for note in recording if note.startswith("said ")]
    playback = PlaybackWatch(1031, LIMITS, now=0.0)

    def follow() -> None:
        for line in said:
            if "GAME_END_FRAME" not in line:  # else the header shows it at once
                playback.line(line)

    with pytest.raises(EmulatorFailed, match=r"asked for slp_frame -24 240 times.*cut off"):
        follow()


def test_a_few_repeats_pass():
    playback = at_frame(50)
    for _ in range(MAX_REPEATS - 1):
        playback.line("[CURRENT_FRAME] 50")
    playback.line("[CURRENT_FRAME] 51")
    playback.line("[CURRENT_FRAME] 51")


def test_bytes_that_are_no_replay_fail():
    playback = watch()
    for line in ("[FILE_PATH] /x.slp", "[LRAS]", "[PLAYBACK_START_FRAME] -123"):
        playback.line(line)
    with pytest.raises(EmulatorFailed, match=r"reads the replay only up to slp_frame 0, the last one is 100"):
        playback.line("[GAME_END_FRAME] 0")


def test_a_replay_that_is_opened_and_never_asked_for_fails():
    playback = opened()
    for second in range(30):
        playback.image(float(second))
        playback.idle(float(second))
    with pytest.raises(
        EmulatorFailed, match=r"no picture within 30 s: it opened the replay but asked for no frame"
    ):
        playback.idle(30.1)


def test_a_comm_file_that_is_not_read_fails():
    playback = watch()
    for _ in range(1700):
        playback.image(1.0)
    with pytest.raises(
        EmulatorFailed, match=r"no picture within 30 s but 1700 of its waiting screen: it opened no replay"
    ):
        playback.idle(30.1)


def test_silence_fails():
    said = "Unhandled unknown exception; terminating the application."
    with pytest.raises(
        EmulatorFailed, match=r"no picture within 30 s, nor a line.*last said: Unhandled"
    ) as failure:
        watch(said).idle(30.1)
    assert failure.value.reason is Reason.EMULATOR_STALLED


def test_a_game_without_pictures_fails():
    playback = opened()
    playback.line("[CURRENT_FRAME] -123")
    with pytest.raises(EmulatorFailed, match=r"no picture within 30 s although the game runs"):
        playback.idle(30.1)


def test_the_first_picture_may_take_as_long_as_the_start():
    playback = opened()
    playback.line("[CURRENT_FRAME] -123")
    playback.idle(29.9)


def test_pictures_that_stop_fail():
    playback = at_frame(7)
    playback.idle(20.9)
    with pytest.raises(
        EmulatorFailed, match=r"nothing new within 20 s, 0 of 232 pictures seen, slp_frame 7 of 100"
    ):
        playback.idle(21.1)


def test_the_consumers_own_time_does_not_count():
    playback = at_frame(7)
    playback.skip(300.0)
    playback.idle(320.9)


def test_an_end_whose_pictures_do_not_come_fails():
    playback = at_frame(LAST + 1)
    with pytest.raises(
        EmulatorFailed, match=r"although the game is over: the pictures of its end are missing"
    ):
        playback.idle(21.1)


def test_a_game_over_the_total_deadline_fails():
    with pytest.raises(EmulatorFailed, match=r"not done within 600 s") as failure:
        at_frame(7).idle(600.1)
    assert failure.value.reason is Reason.EMULATOR_TIMEOUT


def test_an_end_frame_that_was_not_taken_fails():
    with pytest.raises(EmulatorFailed, match=r"means to stop at slp_frame 2147483647, not 100"):
        watch().line("[PLAYBACK_END_FRAME] 2147483647")


def test_an_empty_queue_fails():
    with pytest.raises(EmulatorFailed, match=r"there is no game to play"):
        watch().line("[NO_GAME]")


@given(before=st.integers(-123, LAST), jump=st.integers(-500, 500).filter(lambda n: n not in (0, 1)))
def test_a_jump_fails_wherever_it_happens(before: int, jump: int):
    playback = opened()
    for slp_frame in range(-123, before + 1):
        playback.line(f"[CURRENT_FRAME] {slp_frame}")
    with pytest.raises(
        EmulatorFailed, match=f"jumped to slp_frame {before + jump} where {before + 1} comes next"
    ):
        playback.line(f"[CURRENT_FRAME] {before + jump}")
