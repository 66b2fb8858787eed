"""Changes records as their own author could: fields of strange values, under sums that fit."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from contextlib import suppress
from typing import Any, Final

from manifests.store.canonical_json import canonical

STRANGE: Final = (
    *(None, True, -1, 0, 1, 0.5, 1 << 63, 10**400, float("nan"), float("inf"), -0.0, "", "x" * 5000, [], {}),
    *([None], [[[[[[]]]]]], {"": {}}, ["a", 1, None], "0" * 64, "g" * 64, "9" * 400, "NaN", "2026-13-99"),
    *("../../etc/passwd", "/etc/passwd", "videos/../../x", "\u202e", "\x1b[31m\n", "a\0b", "\ud800"),
)  # fmt: skip
"""Values of other types, sizes and shapes than records have; a string may also be a path or an escape."""
_BYTES_A_CHANGE: Final = 3
_PLAN_SUM: Final = re.compile(rb"dolphin_farm\.file_sha256..(.{64})", re.DOTALL)


def with_fields_changed(document: Any, choices: bytes) -> Any:
    """Return a JSON document in which every three bytes have changed one value.

    The first two bytes choose the value, in the order of the text; the third what takes its place: one of
    STRANGE, another value of the document, or nothing.
    """
    document = copy.deepcopy(document)
    for start in range(0, len(choices) - _BYTES_A_CHANGE + 1, _BYTES_A_CHANGE):
        places = _places(document)
        if not places:
            break
        which = int.from_bytes(choices[start : start + 2], "big")
        holder, key = places[which % len(places)]
        what = choices[start + 2]
        if what < len(STRANGE):
            holder[key] = copy.deepcopy(STRANGE[what])
        elif what < 0xF0:
            other, its_key = places[(which + what) % len(places)]
            holder[key] = copy.deepcopy(other[its_key])
        else:
            del holder[key]
    return document


def entry_with_its_sum(entry: Any) -> bytes:
    """Make the bytes of a ledger entry whose sum fits its content, if a sum can be made of it."""
    if isinstance(entry, dict) and "content" in entry:
        with suppress(ValueError, RecursionError):
            entry["content_sha256"] = hashlib.sha256(canonical(entry["content"])).hexdigest()
    return json.dumps(entry).encode()


def plan_with_its_sum(data: bytes) -> bytes:
    """Make the sum of a plan file's bytes fit them; a file without a place for a sum stays as it is."""
    found = list(_PLAN_SUM.finditer(data))
    if not found:
        return data
    start, end = found[-1].span(1)
    digest = hashlib.sha256(data[:start] + b"0" * 64 + data[end:]).hexdigest().encode()
    return data[:start] + digest + data[end:]


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every value below a document, each as what holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    left = [document]
    while left:
        holder = left.pop()
        parts = (
            holder.items()
            if isinstance(holder, dict)
            else enumerate(holder)
            if isinstance(holder, list)
            else ()
        )
        for key, value in parts:
            found.append((holder, key))
            left.append(value)
    return found
