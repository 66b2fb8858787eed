"""List all objects of a store once, and keep 25 bytes per chunk object: name, size, time, whether named."""

from __future__ import annotations

import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.audit.known_keys import is_of_a_dataset
from manifests.store.keys import DATA_PREFIXES, DataName, Kind, data_key, parse_data_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.contract import ObjectInfo, Store

_EDITIONS: Final = 1 << 40
"""How many editions a file number can have in a 63-bit code; this leaves room for 8 million file numbers."""
_MAX_FILE_NUMBER: Final = (1 << 63) // _EDITIONS


@dataclass(frozen=True, slots=True)
class ListedObject:
    """A chunk object as it was listed: its name, its size, and when it was put."""

    name: DataName
    size_bytes: int
    modified_at: float

    @property
    def key(self) -> str:
        """The object's key."""
        return data_key(self.name)


class Inventory:
    """All chunk objects of a store, and which of them a record names.

    Attributes:
        misplaced: objects under the prefixes of chunk objects whose keys are not those of chunk objects.
        strangers: objects anywhere else that do not belong to a dataset.
    """

    def __init__(self, store: Store) -> None:
        self.misplaced: list[ObjectInfo] = []
        self.strangers: list[ObjectInfo] = []
        codes: dict[Kind, array.array[int]] = {kind: array.array("q") for kind in _KINDS}
        sizes: dict[Kind, array.array[int]] = {kind: array.array("q") for kind in _KINDS}
        times: dict[Kind, array.array[float]] = {kind: array.array("d") for kind in _KINDS}
        # Plain arrays: a million objects as Python objects would take some hundred megabytes.
        for info in store.list():
            name = parse_data_key(info.key)
            if name is None or name.edition >= _EDITIONS or name.file_number >= _MAX_FILE_NUMBER:
                self._note(info)
                continue
            codes[name.kind].append(_code(name))
            sizes[name.kind].append(info.size_bytes)
            times[name.kind].append(info.modified_at)
        self._columns = {
            kind: _Columns(np.array(codes[kind]), np.array(sizes[kind]), np.array(times[kind]))
            for kind in _KINDS
        }

    def _note(self, info: ObjectInfo) -> None:
        if info.key.startswith(DATA_PREFIXES):
            self.misplaced.append(info)
        elif not is_of_a_dataset(info.key):
            self.strangers.append(info)

    def find(self, name: DataName) -> ListedObject | None:
        """Find the listed object with a name; None if it was not listed."""
        columns = self._columns[name.kind]
        place = columns.place(_code(name))
        return None if place is None else columns.at(place, name)

    def mark(self, name: DataName) -> bool:
        """Record that an entry names this object. Returns False if one did before, or it is not listed."""
        columns = self._columns[name.kind]
        place = columns.place(_code(name))
        if place is None or columns.is_named[place]:
            return False
        columns.is_named[place] = True
        return True

    def numbered_twice(self) -> Iterator[DataName]:
        """Yield named objects whose kind and file number another named object has as well."""
        for kind, columns in self._columns.items():
            codes = columns.codes[columns.is_named]
            numbers = codes // _EDITIONS
            for code in codes[1:][numbers[1:] == numbers[:-1]].tolist():
                yield DataName(kind, *divmod(code, _EDITIONS))

    def unnamed(self) -> Iterator[ListedObject]:
        """Yield every object that no record names: states files first, by file number."""
        for kind, columns in self._columns.items():
            for place in np.flatnonzero(~columns.is_named):
                file_number, edition = divmod(int(columns.codes[place]), _EDITIONS)
                yield columns.at(int(place), DataName(kind, file_number, edition))


_KINDS: Final[tuple[Kind, ...]] = ("states", "video")


def _code(name: DataName) -> int:
    return name.file_number * _EDITIONS + name.edition


class _Columns:
    """The listed objects of one kind, as arrays sorted by the code of their names."""

    def __init__(self, codes: np.ndarray, sizes: np.ndarray, times: np.ndarray) -> None:
        order = np.argsort(codes)
        self.codes, self._sizes, self._times = codes[order], sizes[order], times[order]
        self.is_named = np.zeros(len(codes), bool)

    def place(self, code: int) -> int | None:
        place = int(np.searchsorted(self.codes, code))
        return place if place < len(self.codes) and self.codes[place] == code else None

    def at(self, place: int, name: DataName) -> ListedObject:
        return ListedObject(name, int(self._sizes[place]), float(self._times[place]))
