"""Dolphin's user directory is made from the templates in dolphin_configs/."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from workers.emulator.user_directory import FILES, Templates, load_templates, make_user_directory
from workers.errors import EnvironmentFailed

ROOT = Path(__file__).parents[3]


def test_every_template_becomes_a_file_with_its_names_filled_in(tmp_path: Path):
    templates = load_templates("standin")
    assert make_user_directory(tmp_path, templates, {"dump_url": "pipe:7"}) == tmp_path
    assert {path.name for path in (tmp_path / "Config").iterdir()} == set(FILES)
    written = configparser.ConfigParser()
    written.optionxform = str  # type: ignore[assignment,method-assign]
    written.read(tmp_path / "Config" / "GFX.ini")
    assert written["Settings"]["DumpPath"] == "pipe:7"
    assert written["Settings"]["DumpPixelFormat"] == "yuv420p"


def test_no_comment_reaches_dolphin(tmp_path: Path):
    make_user_directory(tmp_path, load_templates("standin"), {"dump_url": "pipe:7"})
    for path in (tmp_path / "Config").iterdir():
        lines = path.read_text().splitlines()
        assert lines
        assert all(line.startswith("[") or " = " in line for line in lines)


def test_a_name_nobody_fills_in_fails(tmp_path: Path):
    with pytest.raises(KeyError, match="dump_url"):
        make_user_directory(tmp_path, load_templates("standin"), {})


def test_the_hash_counts_settings_and_not_their_order():
    one = Templates("x", {"A.ini": {"S": {"a": "1", "b": "2"}, "T": {}}})
    same = Templates("x", {"A.ini": {"T": {}, "S": {"b": "2", "a": "1"}}})
    other = Templates("x", {"A.ini": {"S": {"a": "1", "b": "3"}, "T": {}}})
    assert one.sha256 == same.sha256 != other.sha256


def test_an_unknown_preset_fails_with_its_name():
    with pytest.raises(EnvironmentFailed, match=r"nowhere/Dolphin\.ini.*reinstall"):
        load_templates("nowhere")


@pytest.mark.parametrize("name", FILES)
def test_every_setting_for_the_standin_stands_beside_its_reason(name: str):
    """The reason is a comment directly above the setting, or above the key before it."""
    explained = False
    for line in (ROOT / "dolphin_configs" / "standin" / name).read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip() or line.startswith("["):
            explained = False
        else:
            assert explained, line
