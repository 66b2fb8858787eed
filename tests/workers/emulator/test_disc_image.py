"""The game in a disc image is recognised in any container; the discs here hold a header and noise."""

from __future__ import annotations

import hashlib
import random
import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from workers.emulator.disc_image import DiscImage, disc_sha1, read_disc
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOLPHIN_TOOL = shutil.which("dolphin-tool", path="/usr/games:/usr/bin")


def disc(game_id: bytes = b"GALE01", revision: int = 2) -> bytes:
    """Two megabytes with a GameCube disc's header."""
    data = bytearray(2 << 20)
    data[:8] = game_id + bytes([0, revision])
    data[0x1C:0x20] = b"\xc2\x33\x9f\x3d"
    data[0x420:0x424] = (0x2000).to_bytes(4, "big")  # where the game's program would lie
    data[1 << 20 : (1 << 20) + 4096] = random.Random(1).randbytes(4096)
    return bytes(data)


SHA1 = hashlib.sha1(disc(), usedforsecurity=False).hexdigest()


def ciso(data: bytes) -> bytes:
    return b"CISO" + struct.pack("<I", 1 << 21) + b"\x01" + bytes(0x8000 - 9) + data


def gcz(data: bytes, block_bytes: int = 1 << 16) -> bytes:
    blocks = [zlib.compress(data[at : at + block_bytes]) for at in range(0, len(data), block_bytes)]
    offsets, at = [], 0
    for block in blocks:
        offsets.append(at)
        at += len(block)
    head = struct.pack("<IIQQII", 0xB10BC001, 0, at, len(data), block_bytes, len(blocks))
    sums = [zlib.adler32(block) for block in blocks]
    tables = struct.pack(f"<{len(blocks)}Q", *offsets) + struct.pack(f"<{len(blocks)}I", *sums)
    return head + tables + b"".join(blocks)


@pytest.mark.parametrize(("container", "pack"), [("ISO", bytes), ("CISO", ciso), ("GCZ", gcz)])
@pytest.mark.parametrize("revision", [0, 1, 2])
def test_game_and_revision_are_read_from_every_container(
    tmp_path: Path, container: str, pack: Callable[[bytes], bytes], revision: int
):
    path = tmp_path / "image"
    path.write_bytes(pack(disc(revision=revision)))
    image = read_disc(path)
    assert image == DiscImage(container, "GALE01", revision)
    assert image.is_melee_102 == (revision == 2)


@pytest.mark.skipif(DOLPHIN_TOOL is None, reason="no dolphin-tool here: apt-get install dolphin-emu")
@pytest.mark.parametrize("container", ["gcz", "rvz"])
def test_dolphin_tools_own_files_are_read_and_hash_as_the_disc(tmp_path: Path, container: str):
    plain, packed = tmp_path / "disc.iso", tmp_path / f"disc.{container}"
    plain.write_bytes(disc())
    compression = ["-c", "zstd", "-l", "5"] if container == "rvz" else []
    command = [str(DOLPHIN_TOOL), "convert", "-i", str(plain), "-o", str(packed), "-f", container]
    subprocess.run([*command, "-b", "131072", *compression], check=True, capture_output=True, timeout=240)
    image = read_disc(packed)
    assert image == DiscImage(container.upper(), "GALE01", 2)
    assert disc_sha1(packed, image.container) == disc_sha1(plain, "ISO") == SHA1


def test_the_european_release_is_not_melee_102(tmp_path: Path):
    path = tmp_path / "image"
    path.write_bytes(disc(b"GALP01"))
    assert not read_disc(path).is_melee_102


def test_a_file_that_is_no_disc_fails(tmp_path: Path):
    path = tmp_path / "holiday.mp4"
    path.write_bytes(bytes(100_000))
    with pytest.raises(
        EnvironmentFailed, match=r"holds no GameCube disc .* Slippi plays ISO, GCM, CISO and GCZ,"
    ):
        read_disc(path)


@pytest.mark.parametrize("num_bytes", [0, 3, 33, 40])
def test_a_cut_off_file_fails(tmp_path: Path, num_bytes: int):
    for pack in (bytes, ciso, gcz):
        path = tmp_path / "image"
        path.write_bytes(pack(disc())[:num_bytes])
        if pack is bytes and num_bytes >= 32:
            continue  # only the header is read
        with pytest.raises(EnvironmentFailed, match=r"damaged|holds no GameCube disc"):
            read_disc(path)


def test_an_absent_file_fails(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"cannot be read: No such file"):
        read_disc(tmp_path / "melee.iso")
