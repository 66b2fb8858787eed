"""Rooms of workers: an import points to the same room or to one below it, and no modules import in a circle.

Imports under TYPE_CHECKING count, too: a circle of types cannot be read from any end.
"""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FROM_THE_BOTTOM = ("errors", "scratch", "replay", "emulator", "align", "standin", "rendering", "job")


def modules() -> dict[str, Path]:
    """Every module of workers by its dotted name."""
    paths = sorted((ROOT / "workers").rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imports() -> dict[str, set[str]]:
    """For each module of workers, those of workers that it names in an import."""
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                members = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= members & known.keys() or {node.module}
        found[name] = named & known.keys()
    return found


def room(module: str) -> int:
    return FROM_THE_BOTTOM.index(module.split(".")[1])


def test_no_import_runs_up_between_rooms():
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if module != "workers" and room(other) > room(module)
    ]
    assert upward == []


def test_every_room_has_its_place_in_the_order():
    assert {module.split(".")[1] for module in modules() if "." in module} == set(FROM_THE_BOTTOM)


def test_no_modules_import_in_a_circle():
    order = list(graphlib.TopologicalSorter(imports()).static_order())
    assert set(order) == set(modules())
