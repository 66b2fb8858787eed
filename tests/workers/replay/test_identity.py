"""Players are identified by account, code or name, wherever a version has them; common names do not count."""

from __future__ import annotations

from typing import Any

import pytest

from workers.replay import Identity, read_replay

UP_TO_3_8 = 0x1A5  # bytes of GAME_START before Slippi 3.9 appended names and codes


def in_metadata(one: Any, *players: tuple[str, str]) -> Any:
    """Give a .slp the display names and codes of its ports, in its metadata alone."""

    def text(value: str) -> bytes:
        return b"SU" + bytes([len(value.encode())]) + value.encode()

    names = b"".join(
        b"U\x01" + str(port).encode() + b"{U\x05names{U\x07netplay" + text(name) + b"U\x04code" + text(code)
        + b"}}" for port, (name, code) in enumerate(players)
    )  # fmt: skip
    one.metadata = b"U\x08metadata{U\x07players{" + names + b"}}"
    return one


def known_as(one: Any) -> list[str]:
    return [player.identity.key for player in read_replay(one.data()).record.players]


def written(field: int, size: int, *texts: str) -> dict[str, tuple[int, str, bytes]]:
    """Fields of GAME_START that hold a text for each port."""
    return {
        f"text{field}{port}": (field + size * port, f"{size}s", text.encode("shift_jis"))
        for port, text in enumerate(texts)
    }


@pytest.mark.parametrize(
    "name",
    [
        *(f"{rank} Player" for rank in ("Bronze", "Silver", "Gold", "Platinum", "Diamond", "Master")),
        *("Grandmaster Player", "grand  master player", "PLATINUM PLAYER", "Diamond_Player"),
        "Platinum 2 Player",
        *("\uff27\uff4f\uff4c\uff44\u3000\uff30\uff4c\uff41\uff59\uff45\uff52", "Gold Player 3"),
        *("", "   ", "\u3000\u3000", "Player", "Player 1", "Anonymous", "Unknown User 12",
        "Diamond II Player"),
    ],
)  # fmt: skip
def test_a_name_that_many_have_is_nobody(slp: Any, name: str):
    start = written(0x1A5, 0x1F, name, name)
    assert known_as(slp().start(**start).frame(-123).end()) == ["", ""]


@pytest.mark.parametrize(
    "name", ["Platinum", "Diamond Pat", "Playerone", "The Master", "Anonymoose", "Goldplayers", "ゴールド"]
)
def test_a_name_that_only_looks_like_a_rank_is_a_persons(slp: Any, name: str):
    assert known_as(slp().start(**written(0x1A5, 0x1F, name)).frame(-123).end()) == [name, ""]


def test_a_name_that_many_have_hides_no_code_and_no_account(slp: Any):
    start = written(0x1A5, 0x1F, "Gold Player", "Gold Player") | written(0x221, 0xA, "AAAA\uff031") | {
        "uid": (0x249 + 0x1D, "3s", b"me1")
    }  # fmt: skip
    assert known_as(slp().start(**start).frame(-123).end()) == ["AAAA\uff031", "me1"]


@pytest.mark.parametrize("start_bytes", [0x2F9, UP_TO_3_8, 0x141])
def test_names_that_are_in_the_metadata_alone_are_read_there(slp: Any, start_bytes: int):
    one = slp(GAME_START=start_bytes).start().frame(-123).end()
    assert known_as(in_metadata(one, ("Ann", "AAAA#001"), ("Bob", ""))) == ["AAAA\uff03001", "Bob"]
    assert known_as(in_metadata(one, ("Silver Player", ""), ("", ""))) == ["", ""]


def test_the_game_knows_better_than_the_metadata(slp: Any):
    one = slp().start(**written(0x221, 0xA, "AAAA\uff03001", "")).frame(-123).end()
    assert known_as(in_metadata(one, ("", "CCCC#3"), ("", "BBBB#2"))) == ["AAAA\uff03001", "BBBB\uff032"]


@pytest.mark.parametrize("names", [b"Z", b"{U\x07netplayZU\x04codel\0\0\0\1}", b"SU\x01x", b"{}"])
def test_metadata_of_another_shape_name_nobody(slp: Any, names: bytes):
    one = slp().start().frame(-123).end()
    one.metadata = b"U\x08metadata{U\x07players{U\x010{U\x05names" + names + b"}}}"
    assert known_as(one) == ["", ""]


@pytest.mark.parametrize(
    "code", ["AAAA#001", "AAAA\uff03001", "aaaa#001", " \uff21\uff21\uff21\uff21\uff03001\u200b"]
)
def test_a_code_is_one_however_it_is_written(code: str):
    assert Identity("", code, "", "").key == "AAAA\uff03001"


@pytest.mark.parametrize("code", ["", "#", "\uff03 ", "   "])
def test_a_code_without_a_letter_is_none(code: str):
    assert Identity("Ann", code, "", "").key == "Ann"


def test_a_display_name_is_one_in_any_width():
    assert Identity("\uff21\uff4e\uff4e", "", "", "").key == Identity("Ann ", "", "", "").key == "Ann"
