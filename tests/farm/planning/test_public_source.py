"""The plan leaves out a replay's path if it names a player."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.planning.public_source import HIDDEN, names_a_player, public_source
from workers.replay.identity import Identity
from workers.replay.source import read_source

if TYPE_CHECKING:
    from pathlib import Path

ADA = Identity(display_name="Ada Lovelace", connect_code="ADA#815", uid="q7RtY2", name_tag="LV")


@pytest.mark.parametrize(
    "locator",
    [
        "/replays/ADA#815 vs someone.slp",
        "/replays/ada-815/game.slp",
        "/replays/ADA_815.zip!game.slp",
        "/replays/\uff21\uff24\uff21\uff03\uff18\uff11\uff15/game.slp",
        "/home/ada lovelace/Slippi/game.slp",
        "/replays/LV vs FOX.slp",
        "s3://bucket/ADALOVELACE/ada lovelace.slp",
        "/replays/q7RtY2.slp",
    ],
)
def test_a_path_with_a_players_code_name_or_tag_is_hidden(locator: str):
    shown = public_source(locator, [ADA])
    assert shown.startswith(HIDDEN)
    assert locator.rsplit("/", maxsplit=1)[-1] not in shown


@pytest.mark.parametrize(
    "locator", ["/r/XYZ#12.slp", "/r/\uff38\uff39\uff3a\uff0312.slp", "s3://b/abcd#1234/game.slp"]
)
def test_a_code_is_recognised_even_where_the_replay_names_nobody(locator: str):
    assert names_a_player(locator)


@pytest.mark.parametrize(
    "locator",
    ["/replays/Game_20250421T224653.slp", "/data/2024-05/fox vs marth.slp", "/r/LVL up.slp"],
)
def test_a_path_that_names_nobody_is_kept(locator: str):
    assert public_source(locator, [Identity("", "", "", "")]) == locator
    assert public_source(locator) == locator


def test_an_empty_identity_hides_nothing():
    assert not names_a_player("/replays/a b c.slp", [Identity("", "", "", "")])


def test_two_files_of_one_name_and_two_names_of_one_folder_stay_apart():
    first, second = "/a/ADA#815.slp", "/b/ADA#815.slp"
    assert public_source(first) != public_source(second)
    assert public_source(first).split("/")[-1] == public_source(second).split("/")[-1]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_locator_is_shown_the_same_way_each_time(locator: str):
    assert public_source(locator, [ADA]) == public_source(locator, [ADA])


def test_the_home_folder_is_written_without_its_owners_name_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "jane.doe"
    (home / "Slippi").mkdir(parents=True)
    (home / "Slippi/a.slp").write_bytes(b"{U\x03raw[$U#l" + bytes(3000))
    monkeypatch.setenv("HOME", str(home))
    written = public_source(f"{home}/Slippi/a.slp")
    assert written == "~/Slippi/a.slp"
    assert read_source(written) == (home / "Slippi/a.slp").read_bytes()


@pytest.mark.parametrize(
    ("folder", "is_hidden"), [("jane.doe", True), ("Jane.Doe", True), ("replays", False)]
)
def test_a_folder_elsewhere_that_is_called_like_the_user_hides_the_path(
    monkeypatch: pytest.MonkeyPatch, folder: str, is_hidden: bool
):
    monkeypatch.setenv("HOME", "/nowhere/root")
    monkeypatch.setenv("USER", "jane.doe")
    assert public_source(f"/data/{folder}/a.slp").startswith(HIDDEN) == is_hidden
