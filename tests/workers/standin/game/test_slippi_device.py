"""The stand-in's client of Slippi's device, compiled for this machine, reads both layouts of the device."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workers.standin.image import layout
from workers.standin.image.build import GAME

HERE = Path(__file__).parent
SOURCES = ("slippi_device.c", "slippi_layout.c", "slippi_play.c", "slippi_record.c")
PLAIN, LONGER = 50, 52
"""Bytes per character up to playback Dolphin 3.4.1, and in newer versions."""
CONTINUE = 1
FIRST, NUM_CHARACTERS = 7, 8
PRE_FRAME = 0x37
OTHER_END = "<" if sys.byteorder == "little" else ">"

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here, which builds the double")


@dataclass(frozen=True)
class Character:
    """The values that the device gives for one character."""

    x: float
    y: float
    facing: float
    action: int
    percent: float
    raw_x: int = 0
    raw_y: int = 0

    def to_bytes(self, size: int) -> bytes:
        plain = struct.pack(">I5fI", 7, 0.5, -0.5, 0, 0, 0, 0x100)
        plain += struct.pack(
            ">3fIbbf", self.x, self.y, self.facing, self.action, self.raw_x, self.raw_y, self.percent
        )
        return plain + bytes([0xBF, 0x80])[: size - PLAIN]


Frame = dict[int, Character]
"""Characters by their place: 2 * port, plus one for a follower."""

FOX = Character(-12.5, 3.0, 1.0, 0x142, 0.0)
FALCO = Character(40.0, 27.25, -1.0, 0x18, 33.5)


@pytest.fixture(scope="session")
def game(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("device") / "game.so"
    command = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{GAME}"]
    command += ["-include", str(HERE / "device_double.h"), str(HERE / "device_double.c")]
    command += [*(str(GAME / name) for name in SOURCES), "-o", str(library)]
    subprocess.run(command, check=True, timeout=120)
    return ctypes.CDLL(str(library))


@pytest.fixture
def play(game: ctypes.CDLL, tmp_path: Path) -> Callable[[list[Frame], int], tuple[np.ndarray, bytes]]:
    """Play frames in a new game: the game's state lies in the library, so this loads a copy of it."""
    copy = tmp_path / "game.so"
    shutil.copy(game._name, copy)

    def played(frames: list[Frame], size: int) -> tuple[np.ndarray, bytes]:
        library = ctypes.CDLL(str(copy))
        answers = b"".join(answer(frame, size) for frame in frames)
        library.play(game_info(0, 1), answers, len(answers) // len(frames), len(frames))
        count = ctypes.c_uint.in_dll(library, "num_shown").value
        shown = (ctypes.c_char * (count * layout.FRAME.itemsize)).in_dll(library, "shown").raw
        recorded = ctypes.c_uint.in_dll(library, "num_recorded").value
        events = (ctypes.c_char * recorded).in_dll(library, "recorded").raw
        return np.frombuffer(shown, layout.FRAME.newbyteorder(OTHER_END)), events

    return played


def game_info(*ports: int) -> bytes:
    info = bytearray(545)
    info[0] = 1
    for port in range(4):
        player = 5 + 0x60 + port * 0x24
        info[player : player + 4] = bytes([2, 0 if port in ports else 3, 4, 0])
    return bytes(info)


def answer(frame: Frame, size: int) -> bytes:
    characters = [frame[i].to_bytes(size) if i in frame else bytes(size) for i in range(NUM_CHARACTERS)]
    return struct.pack(">BBBI", CONTINUE, 0, 1, 99) + b"".join(characters)


@pytest.mark.parametrize("size", [PLAIN, LONGER])
def test_the_game_shows_what_the_device_says_of_both_players(play, size: int):
    shown, _ = play([{0: FOX, 2: FALCO}] * 3, size)
    for fighter, said in ((0, FOX), (2, FALCO)):
        drawn = shown["fighters"][:3, fighter]
        assert set(drawn["x"]) == {round(said.x * 64)}
        assert set(drawn["y"]) == {round(said.y * 64)}
        assert set(drawn["facing"]) == {round(said.facing)}
        assert set(drawn["action"]) == {said.action}
        assert set(drawn["percent"]) == {round(said.percent * 64)}
    assert not shown["fighters"][:3, [1, 3]]["flags"].any()


@pytest.mark.parametrize("size", [PLAIN, LONGER])
def test_a_follower_is_shown_where_there_is_one(play, size: int):
    shown, _ = play([{0: FOX, 1: FALCO, 2: FALCO, 3: FOX}] * 2, size)
    assert shown["fighters"][0]["x"].tolist() == [-800, 2560, 2560, -800]


@pytest.mark.parametrize("size", [PLAIN, LONGER])
def test_the_rerecording_holds_both_players_of_each_frame(play, size: int):
    _, events = play([{0: FOX, 2: FALCO}] * 2, size)
    ports = [
        (struct.unpack_from(">i", events, at + 1)[0], events[at + 5])
        for at in range(len(events))
        if events[at] == PRE_FRAME and events[at + 1 : at + 4] == b"\xff\xff\xff"
    ]
    assert ports == [(-123, 0), (-123, 1), (-122, 0), (-122, 1)]


def test_a_frame_that_fits_both_layouts_is_decided_by_the_next(play):
    # Read four bytes late, the third port's raw stick and percent look like a facing of -1.
    unclear = Character(1.0, 2.0, 1.0, 0x14, 0.0, raw_x=-65, raw_y=-128)
    clear = Character(5.0, 6.0, -1.0, 0x14, 0.0)
    assert answer({0: FOX, 4: unclear}, PLAIN)[FIRST + 4 * LONGER + 36 :][:4] == b"\xbf\x80\x00\x00"
    shown, _ = play([{0: FOX, 4: unclear}, {0: FOX, 2: clear}, {0: FOX, 2: clear}], PLAIN)
    assert shown["fighters"][1:3, 2]["x"].tolist() == [320, 320]


PLACES = st.sets(st.integers(0, 7), min_size=2).filter(lambda places: max(places) > 0)
CHARACTERS = st.builds(
    Character,
    x=st.floats(-200, 200, width=32),
    y=st.floats(-100, 200, width=32),
    facing=st.sampled_from([1.0, -1.0]),
    action=st.integers(0, 400),
    percent=st.floats(0, 999, width=32),
    raw_x=st.integers(-128, 127),
    raw_y=st.integers(-128, 127),
)


@pytest.mark.slow
@given(data=st.data(), places=PLACES, size=st.sampled_from([PLAIN, LONGER]))
def test_the_layout_of_a_frame_is_never_taken_for_the_other(game: ctypes.CDLL, data, places, size: int):
    frame = {place: data.draw(CHARACTERS) for place in places}
    found = game.slippi_character_bytes(answer(frame, size).ljust(FIRST + NUM_CHARACTERS * LONGER, b"\0"))
    assume(found != 0)  # this frame fits both layouts, and the next one decides
    assert found == size


@pytest.mark.slow
@given(data=st.data(), places=PLACES)
def test_characters_that_are_moved_together_are_those_of_the_plain_layout(game: ctypes.CDLL, data, places):
    frame = {place: data.draw(CHARACTERS) for place in places}
    longer = ctypes.create_string_buffer(answer(frame, LONGER))
    game.slippi_repack(longer, LONGER)
    plain = answer(frame, PLAIN)
    assert longer.raw[: len(plain)] == plain
