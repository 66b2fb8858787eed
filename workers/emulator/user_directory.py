"""Make Dolphin's temporary user directory for each play, from the templates in `dolphin_configs/`."""

from __future__ import annotations

import configparser
import hashlib
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IniFile = dict[str, dict[str, str]]  # section -> key -> value
FILES = ("Dolphin.ini", "GFX.ini", "Logger.ini")


@dataclass(frozen=True, slots=True)
class Templates:
    """The settings of one emulator, comments stripped; values may hold `{names}` to fill in per play.

    Attributes:
        preset: folder under `dolphin_configs/`.
        files: file name -> section -> key -> value.
    """

    preset: str
    files: Mapping[str, IniFile]

    @property
    def sha256(self) -> str:
        """Return the sha256 of all settings in a fixed order, hex; comments and layout do not count."""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            for section, keys in sorted(self.files[name].items()):
                for key, value in sorted(keys.items()):
                    digest.update(f"{name}\0{section}\0{key}\0{value}\n".encode())
        return digest.hexdigest()

    def with_value(self, file: str, section: str, key: str, value: str) -> Templates:
        """Return these settings with another value for one existing key.

        Raises:
            KeyError: the settings have no such key.
        """
        changed = {name: {part: dict(keys) for part, keys in ini.items()} for name, ini in self.files.items()}
        _ = changed[file][section][key]
        changed[file][section][key] = value
        return replace(self, files=changed)


def load_templates(preset: str) -> Templates:
    """Read the templates in `dolphin_configs/PRESET/`.

    Raises:
        EnvironmentFailed: the installed package lacks a template, or one cannot be parsed.
    """
    folder = resources.files("dolphin_configs") / preset
    files: dict[str, IniFile] = {}
    for name in FILES:
        parser = configparser.ConfigParser(interpolation=None, comment_prefixes=("#",), strict=True)
        parser.optionxform = str  # type: ignore[assignment,method-assign] # Dolphin's keys keep their case
        try:
            parser.read_string((folder / name).read_text("utf-8"), source=name)
        except (OSError, configparser.Error) as error:
            message = (
                f"dolphin_configs/{preset}/{name} is missing or broken ({error}); reinstall dolphin-farm"
            )
            raise EnvironmentFailed(message) from error
        files[name] = {section: dict(parser[section]) for section in parser.sections()}
    return Templates(preset, files)


def make_user_directory(folder: Path, templates: Templates, values: Mapping[str, str]) -> Path:
    """Write a user directory for `dolphin-emu-nogui -u` into the existing `folder`.

    Args:
        folder: absolute path; Dolphin writes its own files beside ours.
        templates: the settings to write.
        values: values for the templates' `{names}`.

    Returns:
        `folder`.

    Raises:
        KeyError: a template asks for a name that `values` lacks.
        OSError: there is no room or no permission.
    """
    config = folder / "Config"
    config.mkdir()
    for name, sections in templates.files.items():
        lines = []
        for section, keys in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {value.format_map(values)}" for key, value in keys.items()]
        (config / name).write_text("\n".join(lines) + "\n", "utf-8")
    return folder
