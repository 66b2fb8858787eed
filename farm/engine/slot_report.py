"""The reports that a slot sends to its pool from another process or machine: small and picklable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from farm.engine.pool import Result


@dataclass(frozen=True, slots=True)
class Ready:
    """The slot's process has imported everything and waits for its first task."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The job returned this result."""

    result: Result


@dataclass(frozen=True, slots=True)
class Unable:
    """The job found that this machine cannot do the work, or that the output cannot be used."""

    detail: str


Report: TypeAlias = Ready | Returned | Unable
