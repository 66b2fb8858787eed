"""Filters on the games of a dataset, written as `stage == 'BATTLEFIELD' and 'FOX' in characters`.

The language is a small part of Python's expressions. Filters are parsed with `ast` and evaluated by this
module, so no code is ever executed. Names are columns of the games table; `stage` and `version` stand for
stage_name and slippi_version.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALIASES: Final = {"stage": "stage_name", "version": "slippi_version"}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, among: item in among,
    ast.NotIn: lambda item, among: item not in among,
}
_MOST_DEPTH: Final = 100
_ALLOWED: Final = "columns, texts, numbers, lists, == != < <= > >= in, and, or, not"


class RowFilter:
    """A condition on a row of the games table.

    Args:
        text: the expression.
        columns: names of the columns that it may use.

    Raises:
        ValueError: `text` is not an expression of this kind, or names an unknown column.
    """

    def __init__(self, text: str, columns: frozenset[str]) -> None:
        self._text, self._columns = text, columns
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(self._refusal(f"no expression; {_ALLOWED} are allowed")) from error
        self._check(self._tree, 0)

    def __call__(self, row: Mapping[str, Any]) -> bool:
        """Whether the condition holds for a row; a comparison with a null value does not hold.

        Raises:
            ValueError: the condition compares values that cannot be compared.
        """
        return bool(self._value(self._tree, row))

    def _check(self, node: ast.expr, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise ValueError(self._refusal(f"it is nested more than {_MOST_DEPTH} deep"))
        match node:
            case ast.BoolOp():
                parts = node.values
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                parts = [node.operand]
            case ast.Compare():
                parts = [node.left, *node.comparators]
            case ast.List() | ast.Tuple() | ast.Set():
                parts = node.elts
            case ast.Name(id=name):
                if _ALIASES.get(name, name) not in self._columns:
                    raise ValueError(
                        self._refusal(f"there is no column {name!r} among {sorted(self._columns)}")
                    )
                parts = []
            case ast.Constant(value=str() | int() | float() | bool() | None):
                parts = []
            case _:
                raise ValueError(self._refusal(f"{ast.unparse(node)!r} is not allowed; {_ALLOWED} are"))
        for part in parts:
            self._check(part, depth + 1)

    def _value(self, node: ast.expr, row: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one per kind of node
        match node:
            case ast.BoolOp(op=ast.And()):
                return all(self._value(part, row) for part in node.values)
            case ast.BoolOp():
                return any(self._value(part, row) for part in node.values)
            case ast.UnaryOp(op=ast.Not()):
                return not self._value(node.operand, row)
            case ast.UnaryOp():
                return self._negative(self._value(node.operand, row))
            case ast.Compare():
                return self._compare(node, row)
            case ast.List() | ast.Tuple() | ast.Set():
                return [self._value(part, row) for part in node.elts]
            case ast.Name(id=name):
                return row[_ALIASES.get(name, name)]
            case ast.Constant():
                return node.value
        raise AssertionError(node)  # `_check` should have refused this node

    def _negative(self, value: Any) -> Any:
        if not isinstance(value, int | float):
            raise ValueError(self._refusal(f"{value!r:.40} has no negative"))  # noqa: TRY004 - as documented
        return -value

    def _compare(self, node: ast.Compare, row: Mapping[str, Any]) -> bool:
        values = [self._value(part, row) for part in (node.left, *node.comparators)]
        for left, op, right in zip(values, node.ops, values[1:], strict=False):
            if (left is None or right is None) and not isinstance(op, ast.Eq | ast.NotEq):
                return False
            try:
                if not _COMPARISONS[type(op)](left, right):
                    return False
            except TypeError as error:
                raise ValueError(self._refusal(f"{left!r} and {right!r} cannot be compared so")) from error
        return True

    def _refusal(self, why: str) -> str:
        return f"filter {self._text!r:.200}: {why}"
