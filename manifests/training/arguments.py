"""Check the types of the loader's arguments at once, for scripts that no type checker has looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import get_args

import numpy as np

from manifests.training.cache import Cache
from manifests.training.pictures import Pictures
from manifests.training.sample import SampleRecord
from manifests.video.decoder import PixelFormat


def check_whole(name: str, value: object, least: int) -> int:
    """Check that a value is a whole number of at least `least`, and return it unchanged.

    Raises:
        ValueError: the value has another type (bool included), or is below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        message = f"{name} is a whole number, {least} or more; got {value!r}"
        raise ValueError(message)
    return int(value)


def check_open_arguments(url: object, pictures: object, cache: object, snapshot: object) -> None:
    """Check the types of the options of `open_dataset`.

    Raises:
        ValueError: an option has another type; the message says what to write instead.
    """
    if not isinstance(url, str | PathLike):
        message = f"url is the folder or URL of a dataset, as in open_dataset('dataset'); got {url!r}"
        raise ValueError(message)  # noqa: TRY004 - as for every other wrong argument
    if not isinstance(pictures, Pictures):
        message = f"pictures is a Pictures, as in pictures={_as_pictures(pictures)}; got {pictures!r}"
        raise ValueError(message)  # noqa: TRY004
    if cache is not None and not isinstance(cache, Cache):
        hint = f"cache=Cache({str(cache)!r})" if isinstance(cache, str | Path) else "cache=Cache()"
        message = f"cache is a Cache or None, as in {hint}; got {cache!r}"
        raise ValueError(message)
    if snapshot is not None:
        check_whole("snapshot", snapshot, 0)


def _as_pictures(value: object) -> str:
    """Write the call that was probably meant where `pictures` got a value of another type."""
    names = Pictures.__dataclass_fields__
    if isinstance(value, Mapping) and value and set(value) <= set(names):
        return f"Pictures({', '.join(f'{name}={one!r}' for name, one in value.items())})"
    if isinstance(value, str) and value in get_args(PixelFormat):
        return f"Pictures({value!r})"
    return "Pictures(size=(288, 384))"


def check_fields(fields: object, join: object) -> None:
    """Check that `fields` is a list of names, which may be empty only if a side table is joined.

    Raises:
        ValueError: `fields` is not such a list.
    """
    if isinstance(fields, str):
        message = f"fields is a list, as in fields=[{fields!r}]; got the text {fields!r}"
        raise ValueError(message)  # noqa: TRY004 - as for every other wrong argument
    if not isinstance(fields, Sequence) or not all(isinstance(name, str) for name in fields):
        message = f"fields is a list of names, as in fields=['video', 'state', 'action']; got {fields!r}"
        raise ValueError(message)
    if not fields and not join:
        message = "fields names nothing; give one at least, as in fields=['state']"
        raise ValueError(message)


def check_join(join: object, fields: Sequence[str]) -> None:
    """Check the names under which samples will hold the values of side tables.

    Raises:
        ValueError: `join` is not a mapping, or samples already use one of its names.
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
