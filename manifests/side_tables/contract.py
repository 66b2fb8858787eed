"""The contract of a side table, and the description and shard names of the tables that we write."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from manifests.errors import RecordRefused
from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

TABLE_KEY: Final = "table.json"
SHARD_PREFIX: Final = "shards/"
_FORMAT: Final = "dolphin-farm side table"
_VERSION: Final = 1
_SHARD: Final = re.compile(r"shards/[0-9a-f]{2}/([0-9a-f]{64})_(\d{7})_(\d{6})(?:_(\d{2}))?\.npy")


class SideTable(Protocol):
    """A table of values by game_id and slp_frame; several threads may read it at once."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        ...

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one frame's values."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the places along the last axis of the values; empty if they have none."""
        ...

    def settle(self) -> None:
        """Open new connections for this process after it was forked."""
        ...

    def rows(self, game_id: str, slp_frames: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Look up the values of some frames of a game.

        Args:
            game_id: 64 hexadecimal digits.
            slp_frames: int64 [T], in any order.

        Returns:
            Values [T, *row_shape], zero where there are none, and their validity, bool [T]; or bool
            [T, *row_shape] if each place of a row may be null by itself.

        Raises:
            StoreFailed: the table cannot be read.
            RecordRefused: the table's files are not what its records say.
        """
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A run of frames of one game, such as those of a dataset's chunk or of a side table's shard.

    Attributes:
        game_id: sha256 of the replay, 64 hexadecimal digits.
        slp_frame_start: slp_frame of the first frame.
        num_frames: number of frames, at least 1.
        frame_step: slp_frames from one frame to the next; 1 if they are consecutive.

    Raises:
        ValueError: the game_id is not valid, there are no frames, frames lie before the beginning of games,
            or the step is below 1.
    """

    game_id: str
    slp_frame_start: int
    num_frames: int
    frame_step: int = 1

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.game_id):
            message = f"a game_id is 64 hexadecimal digits, got {self.game_id!r}"
            raise ValueError(message)
        if self.num_frames < 1 or self.slp_frame_start < FIRST_SLP_FRAME or self.frame_step < 1:
            message = (
                f"a span has frames from slp_frame {FIRST_SLP_FRAME} on, got {self.num_frames} from "
                f"{self.slp_frame_start}, {self.frame_step} apart"
            )
            raise ValueError(message)

    @property
    def key(self) -> str:
        """Key of the shard that holds these frames."""
        place = f"{self.slp_frame_start - FIRST_SLP_FRAME:07d}_{self.num_frames:06d}"
        place += f"_{self.frame_step:02d}" if self.frame_step > 1 else ""
        return f"{SHARD_PREFIX}{self.game_id[:2]}/{self.game_id}_{place}.npy"

    @classmethod
    def parse(cls, key: str) -> Span | None:
        """Parse the key of a shard; None if it is another key."""
        found = _SHARD.fullmatch(key)
        if found is None:
            return None
        return cls(found[1], int(found[2]) + FIRST_SLP_FRAME, int(found[3]), int(found[4] or 1))


@dataclass(frozen=True, slots=True)
class TableDescription:
    """The contents of a side table's table.json.

    Attributes:
        dtype: numpy name of the values' dtype, such as "float16".
        row_shape: shape of one frame's values.
        about: notes of the table's maker, such as the encoder's name; ready for JSON.
    """

    dtype: str
    row_shape: tuple[int, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Make the bytes of table.json; the same description gives the same bytes."""
        plain = {"format": _FORMAT, "version": _VERSION, "dtype": self.dtype, "row_shape": self.row_shape}
        return json.dumps({**plain, "about": self.about}, sort_keys=True, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes, name: str) -> TableDescription:
        """Read the bytes of a table.json.

        Raises:
            RecordRefused: the bytes are not a table.json, or have another version.
        """
        try:
            plain = json.loads(data)
            if (plain["format"], plain["version"]) != (_FORMAT, _VERSION):
                raise ValueError(plain["format"])  # noqa: TRY301 - one message for all of them
            return cls(np.dtype(plain["dtype"]).name, tuple(map(int, plain["row_shape"])), plain["about"])
        except (ValueError, KeyError, TypeError) as error:
            message = f"{name}: not the description of a side table that this version writes"
            raise RecordRefused(message) from error


def header_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """Count the bytes in front of the values of an .npy file."""
    buffer = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.tell()
