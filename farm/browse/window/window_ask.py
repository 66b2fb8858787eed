"""Reads what a user asks the page of windows for: options to open the dataset, and one of its windows."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from farm.browse.queries.moment_filters import whole_number
from manifests.training.open import DEFAULT_FIELDS
from manifests.training.pictures import Pictures
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS: Final = ("video", "state", "action", "raw_action", "just_pressed", "followers", "flags", "projectiles")
_NUMBERS: Final = ("window", "stride", "frame_step", "action_shift", "lookahead", "history", "stack")
_WORDS: Final = ("start", "actions")
NO_WINDOW: Final = {
    "at": "", **dict.fromkeys((*_NUMBERS, *_WORDS, "action_fps"), ""), "size": "", "fields": "", "split": "",
}  # fmt: skip
"""Every query parameter of the page, with its value if the user asks for nothing."""
_PLAIN: Final = WindowSpec()
_MOST_STEPS: Final = 64  # most steps that a page shows
_MOST_SIDE: Final = 2048


@dataclass(frozen=True, slots=True)
class WindowAsk:
    """A user's request for one window of a dataset, opened with some options.

    Attributes:
        at: the window: its number, or GAME:SLP_FRAME for the window that begins there or last before; empty
            for the first window.
        spec: length, stride and start of windows.
        size: (height, width) of the pictures; None for their own size.
        fields: the fields of a sample.
        split: train, val or test; empty for all games.

    Raises:
        ValueError: an option is out of its range, or there are more steps than a page shows.
    """

    at: str = ""
    spec: WindowSpec = _PLAIN
    size: tuple[int, int] | None = None
    fields: tuple[str, ...] = DEFAULT_FIELDS
    split: str = ""

    def __post_init__(self) -> None:
        num_steps = self.spec.history + self.spec.window + self.spec.lookahead
        if num_steps > _MOST_STEPS or self.spec.stack > _MOST_STEPS:
            message = f"a page shows {_MOST_STEPS} steps at most, and this window has {num_steps}"
            raise ValueError(message)
        if unknown := [name for name in self.fields if name not in VIEWS]:
            message = f"fields are {', '.join(VIEWS)}, got {unknown[0]!r:.40}"
            raise ValueError(message)
        if self.size is not None and max(self.size) > _MOST_SIDE:
            message = f"pictures are at most {_MOST_SIDE} pixels wide and high"
            raise ValueError(message)
        _ = self.pictures

    @property
    def pictures(self) -> Pictures:
        """The option `pictures` of `open_dataset` for this request."""
        return Pictures() if self.size is None else Pictures(size=self.size)

    def line(self, url: str, number: int) -> str:
        """Return the line of Python that gives this sample."""
        spec = ", ".join(f"{name}={value!r}" for name, value in _changed(self.spec))
        options = [
            repr(url),
            f"window=WindowSpec({spec})",
            f"fields={list(self.fields)!r}",
            *([f"split={self.split!r}"] if self.split else []),
            *([f"pictures=Pictures(size={self.size!r})"] if self.size else []),
            "as_torch=False",
        ]
        names = "Pictures, WindowSpec, open_dataset" if self.size else "WindowSpec, open_dataset"
        return f"from manifests import {names}; sample = open_dataset({', '.join(options)})[{number}]"


def window_ask(parameters: Mapping[str, str], *, has_pictures: bool = True) -> WindowAsk:
    """Read the query parameters of the page of windows; an empty one has its default.

    Args:
        parameters: the parameters by name.
        has_pictures: whether the dataset has pictures, which are then among the fields by default.

    Raises:
        ValueError: a parameter cannot have its value.
    """
    given = {name: text.strip() for name, text in parameters.items() if text.strip()}
    options: dict[str, Any] = {
        name: whole_number(name, given[name]) for name in (*_NUMBERS, "action_fps") if name in given
    }
    options |= {name: given[name] for name in _WORDS if name in given}
    size = None
    if "size" in given:
        found = re.fullmatch(r"(\d{1,4}) *x *(\d{1,4})", given["size"], re.ASCII)
        if found is None:
            message = f"a size is HEIGHTxWIDTH, such as 288x384, got {given['size']!r:.40}"
            raise ValueError(message)
        size = int(found[1]), int(found[2])
    usual = DEFAULT_FIELDS if has_pictures else DEFAULT_FIELDS[1:]
    asked = tuple(filter(None, map(str.strip, given.get("fields", "").split(",")))) or usual
    return WindowAsk(given.get("at", ""), WindowSpec(**options), size, asked, given.get("split", ""))


def _changed(spec: WindowSpec) -> list[tuple[str, Any]]:
    """List the options that are not the default; the number of steps comes first, and always."""
    return [
        (each.name, getattr(spec, each.name))
        for each in fields(spec)
        if each.name == "window" or getattr(spec, each.name) != getattr(_PLAIN, each.name)
    ]
