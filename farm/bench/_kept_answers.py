"""Keeps what each bench printed in a folder, so that a report can be made in several sittings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What one bench printed.

    Attributes:
        command: that was run, as a user would write it.
        machine_and_date: on what and when.
        said: the JSON that it printed.
    """

    command: str
    machine_and_date: str
    said: str


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """A folder with a file for each bench; whole and quick measurements lie apart.

    Attributes:
        store: over the folder, which is made when the first answer is put.
        is_quick: whether the answers are those of `--quick`.
    """

    store: Store
    is_quick: bool

    def get(self, name: str) -> KeptAnswer | None:
        """Return what a bench printed in an earlier run; None if it has not been measured.

        Raises:
            ValueError: the file is damaged.
            StoreFailed: it cannot be read.
        """
        key = self._key(name)
        try:
            return KeptAnswer(**json.loads(self.store.get(key)))
        except ObjectMissing:
            return None
        except (ValueError, TypeError) as problem:
            message = (
                f"{self.store.url}/{key} is no kept answer of `farm bench all` ({problem}): remove it to "
                "measure again"
            )
            raise ValueError(message) from problem

    def put(self, name: str, answer: KeptAnswer) -> None:
        """Keep what a bench printed, in place of what was kept before.

        Raises:
            StoreFailed: it cannot be written.
        """
        self.store.put(self._key(name), json.dumps(asdict(answer), indent=1).encode())

    def _key(self, name: str) -> str:
        return f"{name.replace(' ', '_')}{'.quick' if self.is_quick else ''}.json"
