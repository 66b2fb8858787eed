"""Slippi's real playback Dolphin shows the stand-in's frames, and its failures are noticed.

These tests skip unless SLIPPI_DOLPHIN names one. They provoke every silent failure that can be provoked from
outside; with -s they print its text and the seconds until it was noticed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.video.stamp import SEED_COLUMN
from tests.contracts.footprint import child_processes
from tests.manifests.video.stamp_painter import encode_seed, encode_stamp, read_stamp
from tests.workers.emulator.slippi_doubles import needs_slippi, real_slippi
from workers.emulator.contract import BootImage, Deadlines, Picture
from workers.emulator.slippi import SlippiDolphin
from workers.emulator.slippi_preset import RESOLUTIONS, SlippiPreset
from workers.errors import EmulatorFailed, EnvironmentFailed
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.slippi, needs_slippi]
PATIENT = Deadlines(startup_seconds=120.0, progress_seconds=60.0, total_seconds=280.0)


@pytest.fixture(scope="module")
def replay() -> bytes:
    return record_match(7, num_frames=90)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_every_preset_gives_pictures_of_its_size(
    tmp_path: Path, replay: bytes, resolution: str, *, wide: bool
):
    preset = SlippiPreset(resolution=resolution, widescreen=wide)  # type: ignore[arg-type]
    with real_slippi(preset).play(BootImage(replay, 90), tmp_path, PATIENT) as events:
        picture = next(event for event in events if isinstance(event, Picture))
    assert (picture.width, picture.height) == (preset.width, preset.height)
    if not wide:
        assert read_stamp(picture.luma) == -123


def test_one_pixel_drawn_is_one_pixel_kept(tmp_path: Path, replay: bytes):
    with real_slippi().play(BootImage(replay, 90), tmp_path, PATIENT) as events:
        pictures = [event for event in events if isinstance(event, Picture)][:90]
    seeds = state_table(read_replay(replay)).values(SEED_COLUMN)
    for picture in pictures:
        number = encode_stamp(picture.capture_index - 123)
        for top, bits in ((464, number), (472, encode_seed(int(seeds[picture.capture_index])))):
            expected = np.repeat(bits, 20) * (235 - 16) + 16
            np.testing.assert_array_equal(picture.luma[top : top + 8], np.broadcast_to(expected, (8, 640)))


def test_both_ways_show_the_same_pictures_and_the_channel_knows_their_frames(tmp_path: Path, replay: bytes):
    shown: dict[str, list[Picture]] = {}
    for way in ("png", "channel"):
        emulator = replace(real_slippi(), frames=way)
        with emulator.play(BootImage(replay, 90), tmp_path, PATIENT) as events:
            shown[way] = [event for event in events if isinstance(event, Picture)]
    for png, plain in zip(shown["png"], shown["channel"], strict=True):
        np.testing.assert_array_equal(png.yuv, plain.yuv)
        assert png.slp_frame_asked is None
    assert [picture.slp_frame_asked for picture in shown["channel"][:90]] == list(range(-123, -33))


def test_auto_takes_the_channel():
    assert replace(real_slippi(), frames="auto").frame_way().name == "channel"


def provoke(what: str, action: Callable[[], object], error: type[Exception], match: str) -> None:
    """Provoke a failure, and report its text and the seconds until it was noticed."""
    before = time.monotonic()
    with pytest.raises(error, match=match) as failure:
        action()
    sys.stderr.write(f"\n{what}: {time.monotonic() - before:.1f} s: {failure.value}\n")


def play(emulator: SlippiDolphin, boot_image: BootImage, folder: Path, limits: Deadlines) -> None:
    with emulator.play(boot_image, folder, limits) as events:
        for _ in events:
            pass


def test_a_wrong_disc_fails(tmp_path: Path, replay: bytes):
    disc = tmp_path / "pal.iso"  # the header of a PAL Melee disc, without the game
    disc.write_bytes(b"GALP01" + bytes(22) + b"\xc2\x33\x9f\x3d" + bytes(3 << 20))
    provoke(
        "wrong disc",
        lambda: play(SlippiDolphin(disc), BootImage(replay, 90), tmp_path, PATIENT),
        EnvironmentFailed,
        r"refused the game.*NTSC 1\.02",
    )


def test_a_game_file_that_is_missing_fails(tmp_path: Path, replay: bytes):
    provoke(
        "no game file",
        lambda: play(SlippiDolphin(tmp_path / "melee.iso"), BootImage(replay, 90), tmp_path, PATIENT),
        EnvironmentFailed,
        r"--game-image names no file",
    )


def test_bytes_that_are_no_replay_fail(tmp_path: Path):
    limits = Deadlines(startup_seconds=20.0, progress_seconds=20.0, total_seconds=280.0)
    provoke(
        "not a replay",
        lambda: play(real_slippi(), BootImage(b"not a replay at all" * 999, 90), tmp_path, limits),
        EmulatorFailed,
        r"opened the replay but asked for no frame",
    )


def test_a_replay_that_is_cut_off_fails(tmp_path: Path, replay: bytes):
    provoke(
        "cut replay",
        lambda: play(real_slippi(), BootImage(replay[: len(replay) // 2], 90), tmp_path, PATIENT),
        EmulatorFailed,
        r"only up to slp_frame -\d+, the last one is -34",
    )


def test_a_comm_file_that_is_missing_fails(tmp_path: Path):
    limits = Deadlines(startup_seconds=20.0, progress_seconds=20.0, total_seconds=280.0)
    provoke(
        "no comm file",
        lambda: real_slippi().waiting_pictures(tmp_path, limits, count=1_000_000),
        EmulatorFailed,
        r"of its waiting screen: it opened no replay",
    )


def test_a_display_that_goes_away_fails(tmp_path: Path, replay: bytes):
    def lose_it() -> None:
        before = set(child_processes())
        with real_slippi().play(BootImage(replay, 90), tmp_path, PATIENT) as events:
            next(event for event in events if isinstance(event, Picture))
            for child in set(child_processes()) - before:
                if b"Xvfb" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(child, signal.SIGKILL)
            for _ in events:
                pass

    provoke("display gone", lose_it, EmulatorFailed, r"exited by itself|killed by SIG")


def test_a_dump_folder_that_goes_away_fails(tmp_path: Path, replay: bytes):
    limits = Deadlines(startup_seconds=30.0, progress_seconds=5.0, total_seconds=280.0)

    def lose_it() -> None:
        with real_slippi().play(BootImage(replay, 90), tmp_path, limits) as events:
            for link in tmp_path.rglob("user/Dump/Frames"):
                link.unlink()
            for _ in events:
                pass

    provoke(
        "dump folder gone",
        lose_it,
        EmulatorFailed,
        r"nothing new within 5 s|no picture within 30 s|no constant distance",
    )
