"""The settings of a run: which source overrides which, and the message about a wrong setting."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from farm.settings import SETTINGS, GameNotNamed, RunSettings, SettingsRefused, load_settings

if TYPE_CHECKING:
    from pathlib import Path

ENOUGH = {"replays": "replays", "out": "dataset", "emulator": "standin"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to a folder without a farm.toml, which the project's folder may have."""
    monkeypatch.chdir(tmp_path)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_setting_is_explained_with_its_default():
    for each in dataclasses.fields(RunSettings):
        about = SETTINGS[each.name].about
        assert about[0].isupper(), each.name
        is_required = each.default is dataclasses.MISSING
        assert ("[" in about) == (not is_required and each.name not in {"game_image", "metrics_port"}), (
            each.name
        )


@pytest.mark.parametrize("name", [name for name in SETTINGS if SETTINGS[name].kind != "switch"])
def test_the_default_of_a_setting_is_one_that_it_allows(name: str):
    default = getattr(RunSettings(**{n: SETTINGS[n].parse(v) for n, v in ENOUGH.items()}), name)
    assert default is None or SETTINGS[name].parse(default) == default


def test_flags_override_the_environment_which_overrides_the_file(tmp_path: Path):
    file = written(tmp_path / "a.toml", 'replays = ["file"]\nout = "file"\nemulator = "standin"\nslots = 1')
    environment = {"FARM_OUT": "environment", "FARM_SLOTS": "2"}
    config = load_settings({"slots": "3", "games": None}, environment, file)
    assert (config.replays, config.out, config.slots, config.games) == (("file",), "environment", 3, None)


def test_the_file_is_the_one_named_or_the_one_here(tmp_path: Path):
    written(tmp_path / "farm.toml", "games = 5")
    named = written(tmp_path / "other.toml", "games = 6")
    assert load_settings(ENOUGH, {}).games == 5
    assert load_settings(ENOUGH, {"FARM_CONFIG": str(named)}).games == 6


def test_several_sources_are_lines_of_a_variable_flags_or_a_list(tmp_path: Path):
    assert load_settings({"out": "d", "emulator": "standin"}, {"FARM_REPLAYS": "a, b\ns3://b/c"}).replays == (
        "a, b",
        "s3://b/c",
    )
    assert load_settings(ENOUGH | {"replays": ("a,b", " c d ")}, {}).replays == ("a,b", " c d ")
    assert load_settings({"out": "d", "emulator": "standin"}, {"FARM_REPLAYS": "a\u2028b\n"}).replays == (
        "a\u2028b",
    )
    file = written(tmp_path / "a.toml", 'replays = ["a,b", "c"]')
    assert load_settings({"out": "d", "emulator": "standin"}, {}, file).replays == ("a,b", "c")


def test_what_is_not_given_has_its_default():
    assert load_settings(ENOUGH, {"UNRELATED": "1"}) == RunSettings(
        replays=("replays",), out="dataset", emulator="standin"
    )


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
        (ENOUGH | {"replays": "a\n\nb"}, {}, r"replays: got 'a\\n\\nb'"),
        (ENOUGH | {"metrics_port": 65536}, {}, r"from --metrics-port; allowed: a port"),
        (
            ENOUGH | {"resolution": "1440p", "hud": False},
            {"FARM_RENDERER": "gpu"},
            r"resolution \(from --resolution\), hud \(from --hud\), renderer \(from FARM_RENDERER\): only",
        ),
        (ENOUGH | {"emulator": "slippi"}, {}, r"needs a game: give --game-image FILE"),
        (
            ENOUGH | {"emulator": "slippi", "game_image": "m.iso", "melee_stamp": "yes", "widescreen": "yes"},
            {},
            r"widescreen",
        ),
        (
            ENOUGH | {"emulator": "slippi", "game_image": "s3://bucket/folder/"},
            {},
            r"--game-image: an s3:// URL names one object",
        ),
        (
            ENOUGH | {"emulator": "slippi", "game_image": "standin", "slippi_dolphin": "s3://bucket/prefix"},
            {},
            r"--slippi-dolphin: an s3:// URL names one object.* ends in \.AppImage or \.zip",
        ),
        (ENOUGH | {"replays": 5}, {}, r"replays: got 5"),
    ],
)
def test_a_wrong_setting_fails(flags: dict[str, object], environment: dict[str, str], match: str):
    with pytest.raises(SettingsRefused, match=match):
        load_settings(flags, environment)


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
    with pytest.raises(SettingsRefused, match=match):
        load_settings(ENOUGH, {}, written(tmp_path / "a.toml", text))


def test_a_file_that_is_not_there_fails(tmp_path: Path):
    with pytest.raises(SettingsRefused, match=r"cannot read the settings in .*absent\.toml"):
        load_settings(ENOUGH, {}, tmp_path / "absent.toml")


def test_a_machine_that_plans_fetches_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workers.rendering.game_image.identified", None)
    flags = ENOUGH | {"emulator": "slippi", "game_image": "s3://b/m.iso", "slippi_dolphin": "s3://b/p.zip"}
    for_jobs = load_settings(flags, {}).render_settings(is_planning=True)
    assert for_jobs.set_up().width == 640


@pytest.mark.parametrize(
    "named", [{"game_image": "m.iso"}, {"slippi_dolphin": "p.zip", "game_image": "standin"}]
)
def test_with_a_game_image_it_is_slippi(named: dict[str, str]):
    flags = {"replays": "r", "out": "d"}
    assert load_settings(flags | named, {}).emulator == "slippi"
    variables = {f"FARM_{name.upper()}": value for name, value in named.items()}
    assert load_settings(flags, variables).emulator == "slippi"


def test_a_run_that_nobody_told_the_game_stops():
    with pytest.raises(
        GameNotNamed, match=r"--game-image \(a file or an s3:// URL\), or .* --emulator standin"
    ):
        load_settings({"replays": "r", "out": "d"}, {"FARM_GAMES": "22000"})


def test_a_slippi_without_a_game_stops():
    with pytest.raises(SettingsRefused, match=r"needs a game: give --game-image FILE"):
        load_settings({"replays": "r", "out": "d", "slippi_dolphin": "p.zip"}, {})


def test_the_standin_does_not_take_the_place_of_an_image_that_is_named():
    with pytest.raises(SettingsRefused, match=r"--emulator standin plays no disc image"):
        load_settings(ENOUGH, {"FARM_GAME_IMAGE": "melee.iso"})


def test_who_only_looks_at_replays_needs_no_game():
    assert load_settings({"replays": "r", "out": "d"}, {}, is_rendering=False).emulator == "standin"
