"""The configuration: what overrides what, and what a wrong setting is told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from farm.settings import SETTINGS, ConfigFailed, FarmConfig, load_config

if TYPE_CHECKING:
    from pathlib import Path

ENOUGH = {"replays": "replays", "out": "dataset"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from any farm.toml of the project's folder."""
    monkeypatch.chdir(tmp_path)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_setting_is_explained():
    assert [setting.name for setting in dataclasses.fields(FarmConfig)] == list(SETTINGS)


def test_flags_override_the_environment_which_overrides_the_file(tmp_path: Path):
    file = written(tmp_path / "a.toml", 'replays = ["file"]\nout = "file"\nemulator = "standin"\nslots = 1')
    environment = {"FARM_OUT": "environment", "FARM_SLOTS": "2"}
    config = load_config({"slots": "3", "games": None}, environment, file)
    assert (config.replays, config.out, config.slots, config.games) == (("file",), "environment", 3, None)


def test_the_file_is_the_one_named_or_the_one_here(tmp_path: Path):
    written(tmp_path / "farm.toml", "games = 5")
    named = written(tmp_path / "other.toml", "games = 6")
    assert load_config(ENOUGH, {}).games == 5
    assert load_config(ENOUGH, {"FARM_CONFIG": str(named)}).games == 6


def test_several_sources_are_separated_by_commas_or_a_list(tmp_path: Path):
    assert load_config(ENOUGH | {"replays": "a, s3://b/c"}, {}).replays == ("a", "s3://b/c")
    file = written(tmp_path / "a.toml", 'replays = ["a,b", "c"]')
    assert load_config({"out": "d"}, {}, file).replays == ("a,b", "c")


def test_what_is_not_given_has_its_default():
    assert load_config(ENOUGH, {"UNRELATED": "1"}) == FarmConfig(("replays",), "dataset")


@pytest.mark.parametrize(
    ("flags", "environment", "match"),
    [
        ({"out": "d"}, {}, r"replays is not set; give --replays, FARM_REPLAYS, or replays in farm.toml"),
        (ENOUGH | {"slots": "many"}, {}, r"slots: got 'many' from --slots; allowed: a whole number from 1"),
        (ENOUGH | {"slots": 0}, {}, r"slots: got 0 from --slots"),
        (ENOUGH, {"FARM_GAMES": "-1"}, r"games: got '-1' from FARM_GAMES"),
        (ENOUGH | {"frames_per_chunk": 31}, {}, r"from --frames-per-chunk; allowed: a multiple of 30"),
        (ENOUGH | {"emulator": "mame"}, {}, r"emulator: got 'mame'"),
        (ENOUGH | {"stamp": "perhaps"}, {}, r"allowed: yes or no"),
        (ENOUGH | {"log_seconds": "inf"}, {}, r"allowed: a number above 0"),
        (ENOUGH | {"notice": "azure"}, {}, r"allowed: none or aws"),
        (ENOUGH | {"replays": "a,,b"}, {}, r"replays: got 'a,,b'"),
        (ENOUGH | {"replays": 5}, {}, r"replays: got 5"),
    ],
)
def test_a_wrong_setting_fails(flags: dict[str, object], environment: dict[str, str], match: str):
    with pytest.raises(ConfigFailed, match=match):
        load_config(flags, environment)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("games = 1.5", r"games: got 1.5 from .*a.toml"),
        ("slots = true", r"slots: got True"),
        ("gmaes = 5", r"sets gmaes; there are only replays, out,"),
        ("games = ", r"is not TOML"),
    ],
)
def test_a_wrong_file_fails(tmp_path: Path, text: str, match: str):
    with pytest.raises(ConfigFailed, match=match):
        load_config(ENOUGH, {}, written(tmp_path / "a.toml", text))


def test_a_file_that_is_not_there_fails(tmp_path: Path):
    with pytest.raises(ConfigFailed, match="cannot read the configuration"):
        load_config(ENOUGH, {}, tmp_path / "absent.toml")
