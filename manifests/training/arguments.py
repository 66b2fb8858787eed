"""Check arguments of the loader that a type checker would have refused, so that a script hears it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manifests.training.cache import Cache
from manifests.training.pictures import Pictures
from manifests.training.sample import SampleRecord

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_whole(name: str, value: object, least: int) -> int:
    """Return a whole number as it is.

    Raises:
        ValueError: it is another type, a bool included, or below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        message = f"{name} is a whole number, {least} or more; got {value!r}"
        raise ValueError(message)
    return int(value)


def check_open_arguments(fields: Sequence[str], pictures: object, cache: object, snapshot: object) -> None:
    """Check the types of options of `open_dataset`.

    Raises:
        ValueError: one is of another type; the message says what to write instead.
    """
    if isinstance(fields, str):
        message = f"fields is a list, as in fields=[{fields!r}]; got the text {fields!r}"
        raise ValueError(message)  # noqa: TRY004 - as for every other wrong argument
    if not isinstance(pictures, Pictures):
        message = f"pictures is a Pictures, as in pictures=Pictures({pictures!r}); got {pictures!r}"
        raise ValueError(message)  # noqa: TRY004
    if cache is not None and not isinstance(cache, Cache):
        hint = f"cache=Cache({str(cache)!r})" if isinstance(cache, str | Path) else "cache=Cache()"
        message = f"cache is a Cache or None, as in {hint}; got {cache!r}"
        raise ValueError(message)
    if snapshot is not None:
        check_whole("snapshot", snapshot, 0)


def check_join(join: object, fields: Sequence[str]) -> None:
    """Check the names that side tables' values get in samples.

    Raises:
        ValueError: join is no mapping, or a name is one that samples have anyway.
    """
    if not isinstance(join, Mapping):
        message = f"join names side tables, as in join={{'latent': 'latents'}}; got {join!r}"
        raise ValueError(message)  # noqa: TRY004 - as for every other wrong argument
    taken = {*fields, *SampleRecord.__annotations__}
    if odd := [name for name in join if name in taken or f"{name}_valid" in taken]:
        message = (
            f"samples have {', '.join(map(repr, odd))} of their own; choose other names for joined values"
        )
        raise ValueError(message)
