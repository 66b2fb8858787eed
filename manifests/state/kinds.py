"""Find the domain of any column by its full name, and the kinds of the values in a tensor.

domain_of("p0.action")          # Domain(kind="categorical", num_classes=539, none_class=538, ...)
value_names(STATE).kinds        # a kind for each place of a tensor
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from manifests.state import schema
from manifests.state.derived import derived_column, is_derived
from manifests.state.domains import DOMAINS, FLAG, ITEM_DOMAINS

if TYPE_CHECKING:
    from manifests.state.domains import Domain, ValueKind


@cache
def domain_of(name: str) -> Domain:
    """Find the domain of a column by its full name: "p0.x", "items.type", "d_playable", "p1.d_pressed".

    A single button of a tensor, such as "p0.buttons.a", is a flag.

    Raises:
        KeyError: there is no such column.
    """
    group, _, own = name.rpartition(".")
    if group == "items":
        return ITEM_DOMAINS[own]
    if "." in group:  # a bit of a mask
        return domain_of(group) and FLAG
    if is_derived(name):
        return derived_column(name).domain
    column = schema.table_columns(schema.MAX_PLAYERS)[name]
    return FLAG if column.dtype == "bool" else DOMAINS[own]


class Names(tuple[str, ...]):
    """A tuple of column names in order, which also knows the domain and kind of each column."""

    __slots__ = ()

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The domain of each column."""
        return tuple(domain_of(name) for name in self)

    @property
    def kinds(self) -> tuple[ValueKind, ...]:
        """The kind of each column: "continuous", "categorical", "flag" or "mask"."""
        return tuple(domain.kind for domain in self.domains)
