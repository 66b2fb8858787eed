"""The game image of a run is found, and a wrong one is refused before an emulator starts."""

from __future__ import annotations

from pathlib import Path

import pytest

import workers.rendering.game_image as module
from tests.workers.emulator.test_disc_image import ciso, disc
from workers.emulator.disc_image import DISC_BYTES
from workers.emulator.slippi_preset import SlippiPreset
from workers.errors import EnvironmentFailed
from workers.files.remote import RemoteFile, RemoteName
from workers.rendering.game_image import FetchedParts, fetched_parts, require_melee, slippi_dolphin
from workers.standin.image.build import IMAGE

PRESET = SlippiPreset()
GAME_URL, PROGRAM_URL = "s3://games/secret/melee.iso", "s3://programs/playback.zip"


def whole(path: Path, head: bytes) -> Path:
    """Make a file that begins with this and is as long as a disc, but takes no room."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(DISC_BYTES)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose cache holds the files of the two URLs; `asked` lists what was fetched."""
    game = whole(tmp_path / "cached.iso", disc())

    def known(name: RemoteName) -> RemoteFile:
        return RemoteFile(name, 7, "ab")

    def here(file: RemoteFile) -> Path:
        return game if file.name.url == GAME_URL else tmp_path / "cached.zip"

    monkeypatch.setattr(module, "identified", known)
    monkeypatch.setattr(module, "fetched", here)
    return game


def test_paths_stay_as_they_are_and_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "identified", None)
    game = whole(tmp_path / "melee.iso", disc())
    slippi = slippi_dolphin(str(game), PRESET, tmp_path / "dolphin-emu", "channel")
    assert (slippi.game, slippi.program, slippi.frames) == (game, tmp_path / "dolphin-emu", "channel")
    assert fetched_parts(str(game), None) == FetchedParts()


def test_what_lies_on_s3_becomes_a_path_of_each_machine(cache: Path):
    parts = fetched_parts(GAME_URL, PROGRAM_URL)
    elsewhere = slippi_dolphin(GAME_URL, PRESET, PROGRAM_URL, parts=FetchedParts())
    assert not elsewhere.game.exists()  # as on a machine that only makes plans
    here = parts.put_into(elsewhere)
    assert (here.game, here.program) == (cache, cache.with_suffix(".zip"))
    assert "secret" not in repr((parts, here))


@pytest.mark.usefixtures("cache")
def test_settings_of_a_run_fetch_for_themselves_unless_they_only_plan():
    assert slippi_dolphin(GAME_URL, PRESET, PROGRAM_URL).game.exists()


def test_the_standin_is_known_by_name_and_by_its_bytes(tmp_path: Path):
    assert slippi_dolphin("standin", PRESET).game == IMAGE
    copy = tmp_path / "game.dol"
    copy.write_bytes(IMAGE.read_bytes())
    assert slippi_dolphin(str(copy), PRESET).is_standin
    copy.write_bytes(IMAGE.read_bytes()[:-1])
    with pytest.raises(EnvironmentFailed, match="is not our stand-in game"):
        slippi_dolphin(str(copy), PRESET)


def test_a_whole_image_of_melee_is_taken(tmp_path: Path):
    require_melee(whole(tmp_path / "melee.iso", disc()))
    (tmp_path / "melee.ciso").write_bytes(ciso(disc()))
    require_melee(tmp_path / "melee.ciso")


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b"no disc at all" * 9, r"the game image holds no GameCube disc"),
        (disc(revision=0), r"the game image is GALE01 revision 0, and Slippi plays GALE01 revision 2 alone"),
        (disc(b"GMPE01"), r"the game image is GMPE01 revision 2"),
        (b"RVZ\x01" + bytes(0x54) + disc(), r"the game image is stored as RVZ.*convert it to \.iso"),
    ],
)
def test_another_image_is_refused_without_its_path(tmp_path: Path, head: bytes, match: str):
    with pytest.raises(EnvironmentFailed, match=match) as refused:
        require_melee(whole(tmp_path / "melee.iso", head))
    assert str(tmp_path) not in str(refused.value)


def test_an_image_that_is_cut_off_is_refused(tmp_path: Path):
    path = tmp_path / "melee.iso"
    path.write_bytes(disc())
    with pytest.raises(EnvironmentFailed, match=r"cut off: it has 2,097,152 of 1,459,978,240 bytes"):
        require_melee(path)
