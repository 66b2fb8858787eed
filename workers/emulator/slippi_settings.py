"""Fill in the playback Dolphin's settings, from the templates in `dolphin_configs/slippi/` and a preset.

The fingerprint of a render hashes these files as they are, comments included: a changed comment in a template
makes another fingerprint.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from workers.emulator.slippi_preset import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.emulator.slippi_preset import SlippiPreset

_TEMPLATES: Final = {
    "Config/Dolphin.ini": "Dolphin.ini",
    "Config/GFX.ini": "GFX.ini",
    "GameSettings/GALE01.ini": "GameSettings/GALE01.ini",
}
STAMP_CODE: Final = "Farm: Frame Stamp"
_STAMP_CODE_FILE: Final = "GameSettings/frame_stamp.ini"


def settings_files(
    preset: SlippiPreset, rerecord_folder: Path | None = None, *, dumps: bool = True
) -> Mapping[str, str]:
    """Return the text of each settings file, by its path in the user directory.

    Args:
        preset: the choices about the picture.
        rerecord_folder: folder in which the emulator records the replay again while it plays it, if it can;
            None to record nothing.
        dumps: whether the emulator dumps its pictures as files, which does not change them.
    """
    codes = {**preset.gecko_codes, **({STAMP_CODE: True} if preset.stamp else {})}
    values = {
        "backend": preset.backend,
        "dumps": str(dumps),
        "width": str(preset.width),
        "height": str(preset.height),
        "efb_scale": str(RESOLUTIONS[preset.resolution].efb_scale),
        "rerecord": str(rerecord_folder is not None),
        "rerecord_folder": str(rerecord_folder or ""),
        "gecko_enabled": _names(codes, is_on=True),
        "gecko_disabled": _names(codes, is_on=False),
    }
    files = {path: Template(_read(name)).substitute(values) for path, name in _TEMPLATES.items()}
    if preset.stamp:
        files["GameSettings/GALE01.ini"] += "\n" + _read(_STAMP_CODE_FILE)
    return files


def settings_sha256(preset: SlippiPreset) -> str:
    """Return the sha256, hex, over all settings files of this preset: part of what decides the pixels."""
    digest = hashlib.sha256()
    for path, text in sorted(settings_files(preset).items()):
        digest.update(f"{path} {len(text.encode())}\n{text}".encode())
    return digest.hexdigest()


def write_settings(
    user_directory: Path, preset: SlippiPreset, rerecord_folder: Path | None = None, *, dumps: bool = True
) -> None:
    """Write all settings files into a user directory, making the folders they need."""
    for path, text in settings_files(preset, rerecord_folder, dumps=dumps).items():
        target = user_directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _names(codes: Mapping[str, bool], *, is_on: bool) -> str:
    return "\n".join(f"${name}" for name, on in codes.items() if on == is_on)


def _read(name: str) -> str:
    return resources.files("dolphin_configs").joinpath("slippi", name).read_text(encoding="utf-8")
