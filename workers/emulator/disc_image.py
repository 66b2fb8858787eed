"""Identify a disc image: its container, the game and revision in it, and the hash of the whole disc.

The game and revision are in the disc's first eight bytes, which can be read from every container without
unpacking all of it. The hash over the whole disc needs the unpacked bytes: plain images are read, others are
unpacked with Debian's dolphin-tool.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias

from manifests.plain_file import open_plain
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

Container: TypeAlias = Literal["ISO", "CISO", "GCZ", "RVZ", "WIA"]

MELEE_ID: Final = "GALE01"
MELEE_REVISION: Final = 2
MELEE_SHA1: Final = "d4e70c064cc714ba8400a849cf299dbd1aa326fc"
"""The sha1 of the whole disc of Melee NTSC 1.02, as published by Redump."""
DISC_BYTES: Final = 1_459_978_240
"""The size of every GameCube disc, and so of every plain image of one."""
PLAYABLE: Final[frozenset[Container]] = frozenset({"ISO", "CISO", "GCZ"})
"""The containers that Slippi's playback Dolphin 3.x opens; the two others came later, in mainline Dolphin."""

_DISC_MAGIC: Final = b"\xc2\x33\x9f\x3d"
_MAGIC_AT: Final = 0x1C
_CISO_DATA_AT: Final = 0x8000
_GCZ_HEAD: Final = struct.Struct("<IIQQII")  # magic, kind, compressed bytes, bytes, block bytes, blocks
_GCZ_STORED: Final = 1 << 63  # this block is not compressed
_WIA_DISC_AT: Final = 0x58  # the disc's first 128 bytes, not compressed
_HEAD_BYTES: Final = 0x20
_TOOL_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class DiscImage:
    """A disc image's identity.

    Attributes:
        container: how the disc is stored.
        game_id: six characters, GALE01 for Melee as sold in North America.
        revision: 0, 1, 2: Melee's 1.00, 1.01 and 1.02.
    """

    container: Container
    game_id: str
    revision: int

    @property
    def is_melee_102(self) -> bool:
        """Whether the header says Melee, NTSC 1.02. Mods keep that header; only the hash tells them apart."""
        return self.game_id == MELEE_ID and self.revision == MELEE_REVISION


def read_disc(path: Path) -> DiscImage:
    """Read the identity of a disc image.

    Raises:
        EnvironmentFailed: there is no such file, or it holds no GameCube disc.
    """
    try:
        with open_plain(path) as file:
            container, head = _disc_head(file)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise EnvironmentFailed(message) from error
    except (struct.error, zlib.error) as error:
        message = f"{path} is damaged: {error}"
        raise EnvironmentFailed(message) from error
    if head[_MAGIC_AT : _MAGIC_AT + 4] != _DISC_MAGIC:
        message = (
            f"{path} holds no GameCube disc (no magic word at 0x1C); Slippi plays ISO, GCM, CISO and GCZ, "
            "and an RVZ or WIA must be converted to .iso first"
        )
        raise EnvironmentFailed(message)
    return DiscImage(container, head[:6].decode("ascii", "replace"), head[7])


def disc_sha1(path: Path, container: Container) -> str | None:
    """Return the sha1 of the whole unpacked disc, hex; None if it is packed and there is no dolphin-tool.

    Raises:
        EnvironmentFailed: dolphin-tool could not unpack it.
    """
    if container == "ISO":
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha1").hexdigest()
    tool = shutil.which("dolphin-tool", path=f"{os.environ.get('PATH', '')}:/usr/games")
    if tool is None:
        return None
    done = subprocess.run(
        [tool, "verify", "-i", str(path), "-a", "sha1"],
        capture_output=True,
        text=True,
        timeout=_TOOL_SECONDS,
        check=False,
    )
    digest = re.search(r"\b[0-9a-f]{40}\b", done.stdout.lower())
    if digest is None:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing"]
        message = f"dolphin-tool cannot verify {path}; it said: {said[0]}"
        raise EnvironmentFailed(message)
    return digest.group()


def _disc_head(file: BinaryIO) -> tuple[Container, bytes]:
    start = file.read(_CISO_DATA_AT)
    if start[:4] == b"CISO":
        return "CISO", file.read(_HEAD_BYTES)
    if start[:4] in (b"RVZ\x01", b"WIA\x01"):
        return ("RVZ" if start[:3] == b"RVZ" else "WIA"), start[_WIA_DISC_AT : _WIA_DISC_AT + _HEAD_BYTES]
    if start[:4] == b"\x01\xc0\x0b\xb1":
        return "GCZ", _gcz_first_block(file, start)[:_HEAD_BYTES]
    return "ISO", start[:_HEAD_BYTES]


def _gcz_first_block(file: BinaryIO, start: bytes) -> bytes:
    *_, num_blocks = _GCZ_HEAD.unpack_from(start)
    offset, following = struct.unpack_from("<QQ", start, _GCZ_HEAD.size)
    data_at = _GCZ_HEAD.size + num_blocks * (8 + 4)  # offsets, then checksums
    size = (following & ~_GCZ_STORED) - (offset & ~_GCZ_STORED)
    file.seek(data_at + (offset & ~_GCZ_STORED))
    block = file.read(size)
    return block if offset & _GCZ_STORED else zlib.decompress(block)
