"""Keeps the output of each bench in a folder, so that a report can be made in several sittings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The output of one bench.

    Attributes:
        command: the command, as a user would write it.
        machine_and_date: the machine and the day of the measurement.
        said: the JSON that the bench printed.
    """

    command: str
    machine_and_date: str
    said: str


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """A folder with a file for each bench; whole and quick measurements are kept separately.

    Attributes:
        store: store of the folder, which is made when the first answer is written.
        is_quick: whether the answers are those of `--quick`.
    """

    store: Store
    is_quick: bool

    def get(self, name: str) -> KeptAnswer | None:
        """Return a bench's output of an earlier run; None if it has not been measured.

        Raises:
            ValueError: the file is damaged.
            StoreFailed: the file cannot be read.
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
        """Save a bench's output, in place of an earlier one.

        Raises:
            StoreFailed: the file cannot be written.
        """
        self.store.put(self._key(name), json.dumps(asdict(answer), indent=1).encode())

    def _key(self, name: str) -> str:
        return f"{name.replace(' ', '_')}{'.quick' if self.is_quick else ''}.json"
