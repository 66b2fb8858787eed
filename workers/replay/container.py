"""Open a .slp file: find its event stream, and the metadata after it.

A .slp file is one UBJSON object with two keys: `raw`, a byte array whose length is 0 while the game is being
recorded, and `metadata`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.ubjson import UbjsonError, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"{U\x03raw[$U#l"
_METADATA_KEY = b"U\x08metadata{"
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Container:
    """The parts of a .slp file.

    Attributes:
        start: Offset of the first byte of the event stream.
        exclusive_end: One past its last byte; the end of the file if the recorded length is 0 or too long.
        is_open_ended: True in that case: the recording was cut off, or its length was never written.
        metadata: The metadata object; empty if absent or unreadable, as it is never required.
    """

    start: int
    exclusive_end: int
    is_open_ended: bool
    metadata: Mapping[str, Any] = field(repr=False)  # it holds the players' names


def open_container(data: bytes) -> Container:
    """Find the event stream.

    Raises:
        ReplayRefused: NOT_SLP: the bytes do not begin as every .slp does.
    """
    start = len(MAGIC) + _LENGTH_BYTES
    if not data.startswith(MAGIC) or len(data) < start:
        head = data[:8].hex(" ") or "nothing"
        msg = f"not a .slp file: it begins with {head}, a .slp with {MAGIC[:8].hex(' ')}"
        raise ReplayRefused(Reason.NOT_SLP, msg)
    length = int.from_bytes(data[len(MAGIC) : start], "big")
    is_open_ended = length == 0 or start + length > len(data)
    exclusive_end = len(data) if is_open_ended else start + length
    return Container(start, exclusive_end, is_open_ended, _metadata(data, exclusive_end, is_open_ended))


def _metadata(data: bytes, stream_end: int, is_open_ended: bool) -> Mapping[str, Any]:
    # Without a length the key must be searched for; it is near the end, and events seldom contain its bytes.
    position = data.rfind(_METADATA_KEY) if is_open_ended else stream_end
    if position < 0 or not data.startswith(_METADATA_KEY, position):
        return {}
    try:
        return read_object(data, position + len(_METADATA_KEY))
    except UbjsonError:
        return {}
