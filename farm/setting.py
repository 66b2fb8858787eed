"""Declares what a setting is, and how a flag, a variable or a line of a file is turned into its value.

The readers raise ValueError, TypeError or KeyError on what they do not allow; `farm.settings` turns that into
a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from manifests.home_folder import with_home
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.crf import MAX_CRF, MIN_CRF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LAST_PORT: Final = 0xFFFF
_BYTES: Final = {
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGT", 1)},
}


@dataclass(frozen=True, slots=True)
class Setting:
    """How one field of `RunSettings` is read and explained.

    Attributes:
        parse: turns what a file, a variable or a flag holds into the value; raises ValueError, TypeError or
            KeyError if it cannot.
        allowed: what a user may give, in words.
        about: what the setting does, in one sentence, with its default in brackets.
        metavar: the placeholder for the value in a help text.
        kind: how its flag is written: with a value, repeated for several values, or as --name / --no-name.
        only: the one kind of run that uses the setting, or None for both.
    """

    parse: Callable[[object], Any]
    allowed: str
    about: str
    metavar: str = "N"
    kind: Literal["value", "several", "switch"] = "value"
    only: Literal["cluster", "machine"] | None = None


def read_text(raw: object) -> str:
    """Read a text that is not blank."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw.strip()


def read_sources(raw: object) -> tuple[str, ...]:
    """Read one or several sources of replays from a list, or from a text with one on each line.

    Spaces are kept: a folder's name may begin or end with one.
    """
    if isinstance(raw, str):
        raw = raw.strip("\n").split("\n")  # splitlines would also cut at characters that names may contain
    if not isinstance(raw, list | tuple):
        raise TypeError
    for source in raw:
        read_text(source)
    return tuple(raw)


def read_count(raw: object) -> int:
    """Read a whole number of at least 1."""
    if isinstance(raw, bool | float):
        raise TypeError
    number = int(raw)  # type: ignore[call-overload]
    if number < 1:
        raise ValueError
    return int(number)


def read_positive(raw: object) -> float:
    """Read a finite number greater than 0."""
    number = float(raw)  # type: ignore[arg-type]
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def read_seconds(raw: object) -> float:
    """Read a finite number of seconds, at least 0."""
    number = float(raw)  # type: ignore[arg-type]
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def read_bytes(raw: object) -> int:
    """Read a number of bytes: 300GB, 1.5 TB, 250 GiB, 300000000."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]I?B|)", str(raw).strip().upper())
    if found is None:
        raise ValueError
    number = int(float(found[1]) * _BYTES.get(found[2], 1))
    if number < 1:
        raise ValueError
    return number


def read_crf(raw: object) -> float:
    """Read a CRF, x264's constant quality, from MIN_CRF to MAX_CRF."""
    number = float(raw)  # type: ignore[arg-type]
    if isinstance(raw, bool) or not MIN_CRF <= number <= MAX_CRF:
        raise ValueError
    return number


def read_fraction(raw: object) -> float:
    """Read a number from 0 to 1."""
    if isinstance(raw, bool):
        raise TypeError
    number = float(raw)  # type: ignore[arg-type]
    if not 0 <= number <= 1:
        raise ValueError
    return number


def read_port(raw: object) -> int:
    """Read the number of a TCP port, or 0."""
    number = int(raw)  # type: ignore[call-overload]
    if isinstance(raw, bool | float) or not 0 <= number <= _LAST_PORT:
        raise ValueError
    return int(number)


def read_chunk_frames(raw: object) -> int:
    """Read the number of frames of a chunk: a multiple of the GOP."""
    number = read_count(raw)
    if number % GOP_FRAMES:
        raise ValueError
    return number


def one_of(*words: str) -> Callable[[object], str]:
    """Make a reader that allows only the given words."""

    def parse(raw: object) -> str:
        if raw not in words:
            raise ValueError
        return str(raw)

    return parse


def read_switch(raw: object) -> bool:
    """Read a yes or no."""
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    return raw if isinstance(raw, bool) else words[str(raw).lower()]


def read_path(raw: object) -> Path:
    """Read a path, in which ~ stands for the home folder."""
    return with_home(read_text(str(raw)))
