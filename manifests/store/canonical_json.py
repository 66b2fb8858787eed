"""Write frozen dataclasses as JSON in one canonical form, and read them back strictly.

The dataclass is the only declaration of a record's schema. What a field may hold is read from its type: int,
float, str, bool, None in a union, StrEnum, tuple[X, ...], Mapping[str, X] and further dataclasses. A missing
field, an unknown field or a value of another type is refused, and the error names the place. Only a field
that is `ADDED_LATER` may be missing.

Canonical means: keys sorted, no white space, ASCII only, no NaN, one newline at the end. Equal records give
equal bytes on any machine, so their bytes can be compared and hashed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from manifests.errors import RecordRefused

T = TypeVar("T")

ADDED_LATER: Final = {"added_later": True}
"""Metadata of a field that older records lack. It may be None, which is its default, and is then not written:
a record without it gives the same bytes as before there was such a field."""

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_SCALARS: Final = frozenset({bool, int, str})
"""Types whose values are the same in a record and in JSON; not float, of which some are not."""


def to_plain(value: object) -> Any:
    """Turn a record into what json.dumps takes: dicts, lists and scalars.

    Raises:
        TypeError: a value of a type that records do not have.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init and not (field.metadata.get("added_later") and getattr(value, field.name) is None)
        }
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple | list):
        if set(map(type, value)) <= _SCALARS:  # long columns of numbers are most of a ledger
            return list(value)
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    message = f"a record cannot hold a {type(value).__name__}: {value!r:.80}"
    raise TypeError(message)


def canonical(plain: object) -> bytes:
    """Write plain data as canonical bytes; see the module.

    Raises:
        ValueError: a NaN or an infinity.
    """
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def readable(plain: object) -> bytes:
    """Write plain data for people to read: indented, keys sorted, ASCII; equal data give equal bytes, too.

    Raises:
        ValueError: a NaN or an infinity.
    """
    return json.dumps(plain, sort_keys=True, indent=2, allow_nan=False).encode("ascii") + b"\n"


def parse(data: bytes, where: str) -> dict[str, Any]:
    """Read the JSON object in `data`; `where` names the place in errors.

    Raises:
        RecordRefused: it is not JSON, or not a JSON object.
    """
    try:
        plain = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = f"{where}: not JSON ({error}); it was changed or cut after it was written"
        raise RecordRefused(message) from error
    if not isinstance(plain, dict):
        message = f"{where}: a JSON object is wanted, got {type(plain).__name__}"
        raise RecordRefused(message)
    return plain


def _refuse_constant(name: str) -> None:
    """Refuse NaN and infinities, which Python's parser takes, and no record has."""
    raise ValueError(name)


def from_plain(kind: type[T], plain: object, where: str) -> T:
    """Make a record of dataclass `kind` from plain data; `where` names the place in errors.

    Raises:
        RecordRefused: a missing or unknown field, a value of another type, or one that the record's own
        checks refuse.
    """
    if not isinstance(plain, Mapping):
        raise _refused(where, "an object", plain)
    fields = [field for field in dataclasses.fields(kind) if field.init]  # type: ignore[arg-type]
    names = {field.name for field in fields}
    may_lack = {field.name for field in fields if field.metadata.get("added_later")}
    if not names - may_lack <= plain.keys() <= names:
        missing, unknown = sorted(names - may_lack - plain.keys()), sorted(plain.keys() - names)
        message = f"{where}: missing fields {missing}, unknown fields {unknown}; written by another version"
        raise RecordRefused(message)
    hints = _hints(kind)  # type: ignore[arg-type]  # mypy doubts that a class is hashable
    values = {name: _from_plain(hints[name], plain[name], f"{where}.{name}") for name in plain}
    try:
        return kind(**values)
    except ValueError as error:
        message = f"{where}: {error}"
        raise RecordRefused(message) from error


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _from_plain(hint: Any, plain: object, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:  # X | None is the only union that records have
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return None if plain is None else _from_plain(inner, plain, where)
    if origin is tuple:
        if not isinstance(plain, list):
            raise _refused(where, "a list", plain)
        # The long columns of a GOP index: one look at the types instead of a call per number.
        if arguments[0] in _SCALARS and set(map(type, plain)) <= {arguments[0]}:
            if arguments[0] is int and plain and not (min(plain) >= _LEAST and max(plain) <= _MOST):
                raise _refused(where, "a list of numbers of 64 bits", plain)
            return tuple(plain)
        return tuple(_from_plain(arguments[0], item, f"{where}[{k}]") for k, item in enumerate(plain))
    if origin is Mapping:
        if not isinstance(plain, Mapping):
            raise _refused(where, "an object", plain)
        return {key: _from_plain(arguments[1], item, f"{where}.{key}") for key, item in plain.items()}
    if dataclasses.is_dataclass(hint):
        return from_plain(hint, plain, where)  # type: ignore[arg-type]
    return _scalar(hint, plain, where)


def _scalar(hint: type, plain: object, where: str) -> object:
    if issubclass(hint, StrEnum):
        if plain not in set(hint):
            raise _refused(where, f"one of {[str(member) for member in hint]}", plain)
        return hint(str(plain))
    is_wanted = isinstance(plain, hint) and (hint is bool or not isinstance(plain, bool))  # bool is an int
    if isinstance(plain, int) and not _LEAST <= plain <= _MOST:
        raise _refused(where, "a number of 64 bits", plain)
    if hint is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        plain = float(plain)
        is_wanted = math.isfinite(plain)
    if not is_wanted:
        raise _refused(where, f"a {hint.__name__}", plain)
    return plain


def _refused(where: str, wanted: str, got: object) -> RecordRefused:
    return RecordRefused(f"{where}: {wanted} is wanted, got {got!r:.80}")
