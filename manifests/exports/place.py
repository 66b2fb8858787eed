"""Check the place that an export is written to, so that it never overwrites or mixes with other files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.errors import RecordRefused
from manifests.store.keys import DATASET_KEY
from manifests.store.open import open_store

if TYPE_CHECKING:
    from manifests.store.contract import Store

GOES_ON: Final = {"mira": re.compile(r"[^/]+/(index\.json|dataset_\d{5}\.(tar|progress\.json))")}
"""Formats whose stopped exports can be continued, with the pattern of their keys; writers check the rest."""


def open_place(form: str, dataset: str | Path, out: str | Path) -> Store:
    """Open the store that an export is written to, after checking what it holds already.

    Args:
        form: the format, as `farm export` names it.
        dataset: folder or URL of the dataset that is exported.
        out: folder or URL of the export.

    Raises:
        RecordRefused: `out` is a dataset, lies inside the exported dataset, or holds other files already.
        StoreFailed: `out` cannot be read, or its URL names no kind of store.
    """
    store = open_store(out)
    if store.head(DATASET_KEY) is not None:
        message = f"{store.url} is a dataset, and an export would mix with its files; choose another folder"
        raise RecordRefused(message)
    source = open_store(dataset)
    if _lies_in(store, source):
        message = f"{store.url} lies in the dataset {source.url}; choose a folder outside it"
        raise RecordRefused(message)
    own = GOES_ON.get(form)
    for found in store.list():
        if own is None or not own.fullmatch(found.key):
            message = (
                f"{store.url} is not empty: it holds {found.key}, perhaps of another export; choose a new "
                "folder, or remove that one"
            )
            raise RecordRefused(message)
    return store


def _lies_in(inner: Store, outer: Store) -> bool:
    if inner.is_remote or outer.is_remote:
        return f"{inner.url.rstrip('/')}/".startswith(f"{outer.url.rstrip('/')}/")
    return Path(inner.url).resolve().is_relative_to(Path(outer.url).resolve())
