"""The Emulator contract: one suite of tests for every implementation.

A test module subclasses EmulatorSuite and provides the fixtures `emulator` and `boot_image` (150 frames).
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from tests.contracts.footprint import child_processes, footprint
from workers.emulator.contract import (
    CURRENT_FRAME,
    GAME_END_FRAME,
    TAIL_PICTURES,
    BootImage,
    Deadlines,
    Emulator,
    LogLine,
    Picture,
)
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENT = Deadlines(startup_seconds=120.0, progress_seconds=60.0, total_seconds=280.0)


def next_picture(events: Iterator[Picture | LogLine]) -> Picture:
    return next(event for event in events if isinstance(event, Picture))


class EmulatorSuite:
    """Tests that every emulator has to pass."""

    @pytest.fixture
    def emulator(self) -> Emulator:
        raise NotImplementedError

    @pytest.fixture
    def boot_image(self) -> BootImage:
        raise NotImplementedError

    def test_it_can_run_here_and_says_what_it_is(self, emulator: Emulator):
        emulator.check()
        said = emulator.fingerprint()
        assert said == emulator.fingerprint()
        assert said
        assert all(isinstance(value, str) and value for value in said.values())

    def test_a_game_is_played_whole_and_in_order(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            seen = list(events)
        assert footprint(tmp_path) == before

        pictures = [event for event in seen if isinstance(event, Picture)]
        assert [picture.capture_index for picture in pictures] == list(range(boot_image.num_pictures))
        assert len({picture.yuv.shape for picture in pictures}) == 1
        lines = [event.text for event in seen if isinstance(event, LogLine)]
        named = [int(text.split()[1]) for text in lines if text.startswith(CURRENT_FRAME)]
        last = FIRST_SLP_FRAME + boot_image.num_frames - 1
        assert sorted({*named} & set(range(FIRST_SLP_FRAME, last + 1))) == [*range(FIRST_SLP_FRAME, last + 1)]
        assert named == sorted(named)
        assert [int(text.split()[1]) for text in lines if text.startswith(GAME_END_FRAME)] == [last]

    def test_a_line_knows_the_newest_picture_before_it(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        newest = -1
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            for event in events:
                if isinstance(event, Picture):
                    newest = event.capture_index
                else:
                    assert event.newest_capture_index == newest

    def test_the_hold_shows_the_last_frame(self, emulator: Emulator, boot_image: BootImage, tmp_path: Path):
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            pictures = [event for event in events if isinstance(event, Picture)]
        held = pictures[-TAIL_PICTURES - 1 :]
        assert all(np.array_equal(held[0].yuv, picture.yuv) for picture in held[1:])
        assert not np.array_equal(pictures[0].yuv, held[0].yuv)

    def test_several_play_side_by_side_and_show_the_same(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with (
            emulator.play(boot_image, tmp_path, PATIENT) as first,
            emulator.play(boot_image, tmp_path, PATIENT) as second,
        ):
            for _ in range(boot_image.num_pictures):
                one, other = next_picture(first), next_picture(second)
                assert one.capture_index == other.capture_index
                assert np.array_equal(one.yuv, other.yuv)
        assert footprint(tmp_path) == before

    def test_a_consumer_that_stops_early_leaves_nothing(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            assert next_picture(events).capture_index == 0
        assert footprint(tmp_path) == before

    def test_a_consumer_that_never_looks_leaves_nothing(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with emulator.play(boot_image, tmp_path, PATIENT):
            assert footprint(tmp_path) != before
        assert footprint(tmp_path) == before

    def test_a_consumer_that_fails_leaves_nothing(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with contextlib.suppress(ZeroDivisionError), emulator.play(boot_image, tmp_path, PATIENT) as events:
            next_picture(events)
            raise ZeroDivisionError
        assert footprint(tmp_path) == before

    def test_an_emulator_killed_in_mid_game_fails_the_play_and_leaves_nothing(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with emulator.play(boot_image, tmp_path, PATIENT) as events:
            next_picture(events)
            for child in set(child_processes()) - before.children:
                os.kill(child, signal.SIGKILL)
            with pytest.raises(EmulatorFailed, match=r"killed by SIGKILL.*of \d+ pictures") as failure:
                list(events)
        assert failure.value.reason is Reason.EMULATOR_EXIT
        assert "\n" not in str(failure.value)
        assert footprint(tmp_path) == before

    def test_an_emulator_that_hangs_fails_the_play_and_leaves_nothing(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        deadlines = Deadlines(PATIENT.startup_seconds, progress_seconds=1.5, total_seconds=280.0)
        with emulator.play(boot_image, tmp_path, deadlines) as events:
            next_picture(events)
            for child in set(child_processes()) - before.children:
                os.kill(child, signal.SIGSTOP)
            with pytest.raises(EmulatorFailed, match=r"nothing new (with)?in.* 1\.5 s") as failure:
                list(events)
        assert failure.value.reason is Reason.EMULATOR_STALLED
        assert footprint(tmp_path) == before

    def test_an_emulator_that_shows_nothing_in_time_fails_the_play(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        before = footprint(tmp_path)
        with (
            emulator.play(boot_image, tmp_path, Deadlines(0.01, 60.0, 280.0)) as events,
            pytest.raises(EmulatorFailed, match=r"no picture within 0\.01 s") as failure,
        ):
            list(events)
        assert failure.value.reason is Reason.EMULATOR_STALLED
        assert footprint(tmp_path) == before

    def test_an_emulator_that_is_not_done_in_time_fails_the_play(
        self, emulator: Emulator, boot_image: BootImage, tmp_path: Path
    ):
        with (
            emulator.play(boot_image, tmp_path, Deadlines(120.0, 60.0, 0.01)) as events,
            pytest.raises(EmulatorFailed, match=r"not done (with)?in.* 0\.01 s") as failure,
        ):
            list(events)
        assert failure.value.reason is Reason.EMULATOR_TIMEOUT
