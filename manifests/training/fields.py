"""The parts of the state that a training run asks for, by name: views and single columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.state import schema
from manifests.state.derived import is_derived
from manifests.state.views import VIEWS, View, category_names, value_names
from manifests.training.row_layout import NUM_PLAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKING_VERSION: Final = 2
"""Part of the cache's keys, so that packed rows of another version are never mistaken for these."""
VIDEO: Final = "video"


@dataclass(frozen=True, slots=True)
class Fields:
    """The parts of the state that a training run asks for.

    Attributes:
        names: distinct names, in order: views, by name ("state", "action") or key ("state/1"), and single
            columns ("p0.x", "d_loss_mask").

    Raises:
        ValueError: a name is neither a view nor a column, or comes twice.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if twice := sorted({name for name in self.names if self.names.count(name) > 1}):
            message = f"a field is named once, but {', '.join(twice)} comes more often"
            raise ValueError(message)
        for name in self.names:
            if self.view_of(name) is None and not _is_column(name):
                views = sorted({view.name for view in VIEWS.values()})
                message = (
                    f"no field {name!r}; there are video, {', '.join(views)}, and the columns of farm schema"
                )
                raise ValueError(message)

    @staticmethod
    def view_of(name: str) -> View | None:
        """Find the view with a key ("state/1"), or the newest one with a name ("state"), or return None."""
        if name in VIEWS:
            return VIEWS[name]
        versions = [view for view in VIEWS.values() if view.name == name]
        return max(versions, key=lambda view: view.version) if versions else None

    @property
    def key(self) -> str:
        """Text that differs between any two sets of fields, or versions of them; part of cache keys."""
        parts = [view.key if (view := self.view_of(name)) else name for name in self.names]
        return f"{PACKING_VERSION}:{','.join(parts)}"

    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """Name the places of every array of a sample: {"state": (...), "state_ids": (...), ...}."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.names:
            if view := self.view_of(name):
                found[name] = value_names(view, NUM_PLAYERS)
                if ids := category_names(view, NUM_PLAYERS):
                    found[f"{name}_ids"] = ids
        return found


def _is_column(name: str) -> bool:
    return name in schema.table_columns(NUM_PLAYERS) or is_derived(name)
