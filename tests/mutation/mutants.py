"""Changes one thing in a module's source, such as a comparison, as a slip would, by pure functions."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_SILENT: Final = frozenset({"message", "detail", "line"})
"""Variables that hold texts for people; a changed text is no slip in what the program does."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change: its line, what was changed, and the whole tree."""

    line: int
    change: str
    tree: ast.Module


def mutants(source: str) -> list[Mutant]:
    """Make every mutant of a source, in the order of the source; the same each time."""
    tree = ast.parse(source)
    found = []
    for number, node in enumerate(_places(tree)):
        changed = copy.deepcopy(tree)
        place = list(_places(changed))[number]
        _CHANGES[type(place)](place)
        ast.fix_missing_locations(changed)
        found.append(Mutant(node.lineno, f"{_short(node)}  ->  {_short(place)}", changed))
    return found


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def _places(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that can be changed: none in annotations, texts for people, or code only for types."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.expr | ast.stmt) and _can_change(node):
            yield node
        waiting[:0] = [child for child in ast.iter_child_nodes(node) if _is_looked_into(node, child)]


def _is_looked_into(node: ast.AST, child: ast.AST) -> bool:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return False
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and child in (
        *node.decorator_list,
        getattr(node, "returns", None),
    ):
        return False
    if isinstance(node, ast.AnnAssign) and child is node.annotation:
        return False
    if isinstance(node, ast.Assign) and {ast.unparse(target) for target in node.targets} & _SILENT:
        return False
    return not isinstance(child, ast.arg | ast.JoinedStr | ast.Import | ast.ImportFrom)


def _can_change(node: ast.AST) -> bool:
    change = _CHANGES.get(type(node))
    return change is not None and change(copy.copy(node))


def _compare(node: Any) -> bool:
    if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARED:
        return False
    node.ops = [_COMPARED[type(node.ops[0])]()]
    return True


def _compute(node: Any) -> bool:
    if type(node.op) not in _COMPUTED:
        return False
    node.op = _COMPUTED[type(node.op)]()
    return True


def _join_otherwise(node: Any) -> bool:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return True


def _deny(node: Any) -> bool:
    """Undo a negation: `not x` becomes `not not x`."""
    if not isinstance(node.op, ast.Not):
        return False
    node.operand = ast.UnaryOp(op=ast.Not(), operand=node.operand)
    return True


def _change_constant(node: Any) -> bool:
    if isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node.value, int | float):
        node.value += 1
    else:
        return False
    return True


def _never(node: Any) -> bool:
    if ast.unparse(node.test) == "TYPE_CHECKING":
        return False
    node.test = ast.Constant(value=False)
    return True


def _raise_otherwise(node: Any) -> bool:
    """Make a `raise` statement raise an error that no code expects."""
    if node.exc is None:
        return False
    node.exc, node.cause = (
        ast.Call(func=ast.Name(id="SystemError", ctx=ast.Load()), args=[], keywords=[]),
        None,
    )
    return True


def _do_not_call(node: Any) -> bool:
    if not isinstance(node.value, ast.Call):
        return False
    node.value = ast.Constant(value=None)
    return True


def _return_nothing(node: Any) -> bool:
    if node.value is None or isinstance(node.value, ast.Constant):
        return False
    node.value = ast.Constant(value=None)
    return True


_CHANGES: Final[dict[type[ast.AST], Callable[[Any], bool]]] = {
    ast.Compare: _compare, ast.BinOp: _compute, ast.BoolOp: _join_otherwise, ast.UnaryOp: _deny,
    ast.Constant: _change_constant, ast.If: _never, ast.Raise: _raise_otherwise, ast.Expr: _do_not_call,
    ast.Return: _return_nothing,
}  # fmt: skip
