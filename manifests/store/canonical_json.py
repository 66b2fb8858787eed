"""Write frozen dataclasses as JSON in one canonical form, and read them back strictly.

The dataclass is the only declaration of a record's schema. What a field may hold is read from its type: int,
float, str, bool, None in a union, StrEnum, tuple[X, ...], Mapping[str, X] and further dataclasses. A missing
field, an unknown field or a value of another type is refused, and the error names the place. Only a field
that is `ADDED_LATER` may be missing.

Canonical JSON has sorted keys, no white space, only ASCII, no NaN, and one newline at the end. Equal records
give equal bytes on any machine, so their bytes can be compared and hashed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from manifests.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    _Reader = Callable[[object], Any]

T = TypeVar("T")

ADDED_LATER: Final = {"added_later": True}
"""Metadata that marks a field which older records lack. Such a field defaults to None, and None is not
written, so a record without a value gives the same bytes as before the field existed."""

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_SCALARS: Final = frozenset({bool, int, str})
"""Types whose values are the same in a record and in JSON; not float, as some floats cannot be written."""


def to_plain(value: object) -> Any:
    """Turn a record into dicts, lists and scalars, which json.dumps accepts.

    Raises:
        TypeError: a value has a type that records cannot hold.
    """
    if value is None or type(value) in _SCALARS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = ((name, getattr(value, name), may_lack) for name, may_lack in _fields(type(value)))
        return {name: to_plain(part) for name, part, may_lack in parts if not (may_lack and part is None)}
    if isinstance(value, tuple | list):
        # A shortcut for long columns of numbers, which make up most of a ledger.
        return list(value) if set(map(type, value)) <= _SCALARS else [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, int | float | str):
        return value.value if isinstance(value, StrEnum) else value
    message = f"a record cannot hold a {type(value).__name__}: {value!r:.80}"
    raise TypeError(message)


def canonical(plain: object) -> bytes:
    """Write plain data as canonical JSON, described in the module's docstring.

    Raises:
        ValueError: the data hold a NaN or an infinity.
    """
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def readable(plain: object) -> bytes:
    """Write plain data as indented JSON for people: keys sorted, ASCII; equal data still give equal bytes.

    Raises:
        ValueError: the data hold a NaN or an infinity.
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
    """Refuse NaN and infinities, which Python's JSON parser accepts, but records never hold."""
    raise ValueError(name)


def from_plain(kind: type[T], plain: object, where: str) -> T:
    """Make a record of dataclass `kind` from plain data; `where` names the place in errors.

    Raises:
        RecordRefused: a field is missing or unknown, or a value has another type or fails the record's own
            checks.
    """
    try:
        return _reader(kind)(plain)  # type: ignore[no-any-return, arg-type]  # mypy doubts that a class is hashable
    except _Unfit as unfit:
        message = f"{where}{unfit.place}: {unfit}"
        raise RecordRefused(message) from unfit.__cause__


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    """A value that a record cannot hold; `place` names where in the record it stands, as far as known yet."""

    place = ""


def _unfit(got: object, wanted: str) -> _Unfit:
    return _Unfit(f"{wanted} is wanted, got {got!r:.80}")


@cache
def _fields(kind: type) -> tuple[tuple[str, bool], ...]:
    """Name a record's fields, each with whether it is left out if it is None."""
    fields = (field for field in dataclasses.fields(kind) if field.init)
    return tuple((field.name, bool(field.metadata.get("added_later"))) for field in fields)


@cache
def _reader(hint: Any) -> _Reader:
    """Make the function that reads values of one type; so a type is analysed once for many values."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:  # X | None is the only union that records have
        (inner,) = (_reader(argument) for argument in arguments if argument is not type(None))
        return lambda plain: None if plain is None else inner(plain)
    if origin is tuple:
        return _tuple_reader(arguments[0])
    if origin is Mapping:
        return _mapping_reader(_reader(arguments[1]))
    return _record_reader(hint) if dataclasses.is_dataclass(hint) else _scalar_reader(hint)


def _record_reader(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name, _ in _fields(kind)}
    needed = frozenset(name for name, may_lack in _fields(kind) if not may_lack)

    def read(plain: object) -> Any:
        if not isinstance(plain, Mapping):
            raise _unfit(plain, "an object")
        if not needed <= plain.keys() <= readers.keys():
            missing, unknown = sorted(needed - plain.keys()), sorted(plain.keys() - readers.keys())
            message = f"missing fields {missing}, unknown fields {unknown}; written by another version"
            raise _Unfit(message)
        values = _values(plain, lambda name: readers[name])
        try:
            return kind(**values)
        except ValueError as error:
            raise _Unfit(str(error)) from error

    return read


def _mapping_reader(inner: _Reader) -> _Reader:
    def read(plain: object) -> Any:
        if not isinstance(plain, Mapping):
            raise _unfit(plain, "an object")
        for key in plain:
            _text(key)
        return _values(plain, lambda _: inner)

    return read


def _values(plain: Mapping[str, object], reader_of: Callable[[str], _Reader]) -> dict[str, Any]:
    values = {}
    for name, value in plain.items():
        try:
            values[name] = reader_of(name)(value)
        except _Unfit as unfit:
            unfit.place = f".{name}{unfit.place}"
            raise
    return values


def _tuple_reader(item: Any) -> _Reader:
    inner = _reader(item)

    def read(plain: object) -> Any:
        if not isinstance(plain, list):
            raise _unfit(plain, "a list")
        # A shortcut for the long columns of a GOP index and of events: one check of all types instead of a
        # call per number.
        if plain and item is not str and set(map(type, plain)) == {item}:
            if item is int and not (min(plain) >= _LEAST and max(plain) <= _MOST):
                raise _unfit(plain, "a list of numbers of 64 bits")
            if item is not float or all(map(math.isfinite, plain)):
                return tuple(plain)
        values = []
        for number, value in enumerate(plain):
            try:
                values.append(inner(value))
            except _Unfit as unfit:
                unfit.place = f"[{number}]{unfit.place}"
                raise
        return tuple(values)

    return read


def _scalar_reader(hint: type) -> _Reader:
    if issubclass(hint, StrEnum):
        members = {str(member): member for member in hint}

        def read_member(plain: object) -> Any:
            if not isinstance(plain, str) or plain not in members:
                raise _unfit(plain, f"one of {list(members)}")
            return members[plain]

        return read_member

    if hint is str:
        return _text
    if hint is bool:
        return lambda plain: plain if type(plain) is hint else _scalar(hint, plain)
    if hint is int:
        return lambda plain: (
            plain if type(plain) is int and _LEAST <= plain <= _MOST else _scalar(hint, plain)
        )
    return lambda plain: plain if type(plain) is float and math.isfinite(plain) else _scalar(hint, plain)


def _text(plain: object) -> str:
    if type(plain) is not str:
        raise _unfit(plain, "a str")
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError as error:
            # Half of a pair of surrogates: JSON can say it, but no table can hold it.
            raise _unfit(plain, "text of whole characters") from error
    return plain


def _scalar(hint: type, plain: object) -> object:
    is_wanted = isinstance(plain, hint) and (hint is bool or not isinstance(plain, bool))  # bool is an int
    if isinstance(plain, int) and not _LEAST <= plain <= _MOST:
        raise _unfit(plain, "a number of 64 bits")
    if hint is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        plain = float(plain)
        is_wanted = math.isfinite(plain)
    if not is_wanted:
        raise _unfit(plain, f"a {hint.__name__}")
    return plain
