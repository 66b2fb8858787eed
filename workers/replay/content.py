"""Read the bytes of one replay from any stream that holds it, and never more bytes than a replay can have."""

from __future__ import annotations

import gzip
from typing import IO, Final, cast

import pyarrow as pa

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.container import MAGIC
from workers.replay.decompression import DAMAGE

MAX_REPLAY_BYTES: Final = 64 << 20  # an eight-minute game with every frame rolled back is a fifth of this


def replay_content(content: IO[bytes], name: str) -> bytes:
    """Return the content of a stream, decompressed according to its name, up to the size of a replay."""
    suffix = name.lower().rpartition(".")[2]
    try:
        if suffix == "gz":
            return _bounded(cast("IO[bytes]", gzip.GzipFile(fileobj=content, mode="rb")))
        if suffix == "zst":
            return _bounded(cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(content, "r"), "zstd")))
    except DAMAGE as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .{suffix}: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # The decompressors raise OSError without an errno; the machine's own errors have one.
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .{suffix}: {error}") from error
    return _bounded(content)


def _bounded(content: IO[bytes]) -> bytes:
    """Read a replay, its head first, so that a file that is not a replay is not decompressed any further.

    Raises:
        ReplayRefused: NOT_SLP: it does not begin like a replay; UNREADABLE: it is larger than any replay.
    """
    head = content.read(len(MAGIC))
    if head != MAGIC:
        begin = head[:8].hex(" ") or "nothing"
        message = f"not a .slp file: it begins with {begin}, a .slp with {MAGIC[:8].hex(' ')}"
        raise ReplayRefused(Reason.NOT_SLP, message)
    rest = content.read(MAX_REPLAY_BYTES - len(head) + 1)
    if len(head) + len(rest) > MAX_REPLAY_BYTES:
        message = f"more than {MAX_REPLAY_BYTES >> 20} MiB; no game is that long"
        raise ReplayRefused(Reason.UNREADABLE, message)
    return head + rest
