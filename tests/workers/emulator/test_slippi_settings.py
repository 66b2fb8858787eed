"""Slippi's Dolphin gets its settings from templates and a preset."""

from __future__ import annotations

import configparser
import itertools
from typing import TYPE_CHECKING

import pytest

from workers.emulator.slippi_preset import RESOLUTIONS, ResolutionName, SlippiPreset
from workers.emulator.slippi_settings import settings_files, settings_sha256, write_settings

if TYPE_CHECKING:
    from pathlib import Path


def ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign] - keys keep their case
    parser.read_string(text)
    return parser


def dolphin(preset: SlippiPreset) -> configparser.ConfigParser:
    return ini(settings_files(preset)["Config/Dolphin.ini"])


def graphics(preset: SlippiPreset) -> configparser.ConfigParser:
    return ini(settings_files(preset)["Config/GFX.ini"])


PRESETS = [
    SlippiPreset(resolution=resolution, widescreen=wide)
    for resolution, wide in itertools.product(RESOLUTIONS, (False, True))
]


def test_the_image_dump_is_on_and_the_video_dump_is_not_taken():
    assert dolphin(SlippiPreset())["Movie"]["DumpFrames"] == "True"
    assert dolphin(SlippiPreset())["Movie"]["DumpFramesSilent"] == "True"
    assert graphics(SlippiPreset())["Settings"]["DumpFramesAsImages"] == "True"


def test_instances_cannot_meet_on_the_spectator_port():
    assert dolphin(SlippiPreset())["Core"]["SlippiEnableSpectator"] == "False"


def test_nothing_waits_for_a_monitor_a_mouse_click_or_a_sound_card():
    assert graphics(SlippiPreset())["Hardware"]["VSync"] == "False"
    assert dolphin(SlippiPreset())["Interface"]["UsePanicHandlers"] == "False"
    assert dolphin(SlippiPreset())["DSP"]["Backend"] == "No audio output"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: f"{p.width}x{p.height}")
def test_a_picture_is_whole_blocks_of_square_pixels(preset: SlippiPreset):
    assert preset.width % 16 == 0
    assert preset.height % 16 == 0
    shape = 16 / 9 if preset.widescreen else 4 / 3
    assert preset.width / preset.height == pytest.approx(shape, rel=0.007)
    assert dolphin(preset)["Display"]["RenderWindowWidth"] == str(preset.width)
    assert dolphin(preset)["Display"]["RenderWindowHeight"] == str(preset.height)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_at_four_to_three_the_console_draws_as_many_pixels_as_are_kept(resolution: ResolutionName):
    preset = SlippiPreset(resolution=resolution)
    scale = {"2": 1.0, "3": 1.5, "4": 2.0, "6": 3.0}[graphics(preset)["Settings"]["EFBScale"]]
    assert (preset.width, preset.height) == (640 * scale, 480 * scale)


def codes(preset: SlippiPreset, section: str) -> set[str]:
    return set(ini(settings_files(preset)["GameSettings/GALE01.ini"])[section])


def test_names_are_never_drawn_and_music_is_never_played():
    for preset in (SlippiPreset(), SlippiPreset(hud=False, shake=False, widescreen=True)):
        assert "$Optional: Show Player Names" in codes(preset, "Gecko_Disabled")
        assert "$Optional: Game Music OFF" in codes(preset, "Gecko_Enabled")


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"hud": False}, "$Optional: Hide HUD"),
        ({"shake": False}, "$Optional: Disable Screen Shake"),
        ({"widescreen": True}, "$Optional: Widescreen 16:9"),
        ({"lagless_fod": True}, "$Optional: Lagless FoD"),
    ],
)
def test_a_choice_turns_its_code_on(choice: dict[str, bool], code: str):
    assert code in codes(SlippiPreset(), "Gecko_Disabled")
    assert code in codes(SlippiPreset(**choice), "Gecko_Enabled")


def test_every_choice_changes_the_fingerprint():
    choices = [{}, {"hud": False}, {"shake": False}, {"widescreen": True}, {"lagless_fod": True}]
    choices += [{"resolution": name} for name in ("720p", "960p", "1440p")] + [{"backend": "Vulkan"}]
    assert len({settings_sha256(SlippiPreset(**choice)) for choice in choices}) == len(choices)


def test_no_placeholder_is_left(tmp_path: Path):
    write_settings(tmp_path, SlippiPreset(), rerecord_folder=tmp_path / "again")
    for name in ("Dolphin", "GFX"):
        values = [line for line in (tmp_path / f"Config/{name}.ini").read_text().splitlines() if "=" in line]
        assert values
        assert not [line for line in values if "$" in line]
    assert f"SlippiReplayRegenerateDir = {tmp_path}/again" in (tmp_path / "Config/Dolphin.ini").read_text()


def test_an_unknown_resolution_fails():
    with pytest.raises(ValueError, match=r"one of 480p, .*, got '4k'"):
        SlippiPreset(resolution="4k")  # type: ignore[arg-type]


def test_an_unknown_backend_fails_instead_of_meaning_opengl():
    with pytest.raises(ValueError, match=r"OGL or Vulkan, got 'Software Renderer'"):
        SlippiPreset(backend="Software Renderer")  # type: ignore[arg-type]


def test_a_stamp_in_a_wide_picture_fails():
    with pytest.raises(ValueError, match=r"laid out for 4:3"):
        SlippiPreset(stamp=True, widescreen=True)
