"""Reads from the sources which module imports which, for the tests of the code's structure."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dolphin_configs", "farm", "manifests", "workers")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name_of(source: Path) -> str:
    """Name a module: farm/engine/loop.py -> farm.engine.loop; farm/engine/__init__.py -> farm.engine."""
    return ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imported(source: Path) -> frozenset[str]:
    """The full names of all modules that the source imports, also late or only for type checking."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{source}: relative imports hide which room is meant"
            found |= {_module(node.module, alias.name) for alias in node.names}
    return frozenset(found)


def _module(package: str, name: str) -> str:
    """Name what is imported: a module by `from farm.engine import pool`, not by `... pool import Pool`."""
    inner = ROOT / Path(*package.split("."), name)
    return f"{package}.{name}" if inner.with_suffix(".py").exists() or inner.is_dir() else package


def room_of(module: str, house: str) -> str | None:
    """Name the room (a folder or module of a package) that a module is in; None if it is in none.

    In the house farm: farm.engine.loop -> farm/engine; farm.run, which lies beside the rooms, is its own
    room: farm/run. In the house farm/browse: farm.browse.live.follower -> farm/browse/live.
    """
    path, depth = module.replace(".", "/"), house.count("/") + 2
    return "/".join(path.split("/")[:depth]) if f"{path}/".startswith(f"{house}/") else None


def modules() -> dict[str, set[str]]:
    """Every module of ours, with the modules of ours that it imports."""
    return {
        name_of(source): {name for name in imported(source) if name.split(".")[0] in PACKAGES}
        for package in PACKAGES
        for source in sources(package)
    }


def rooms(house: str) -> dict[str, set[str]]:
    """Return every room of a house, with the other rooms of the same house that it imports.

    A house is a package, such as farm, or a large room of one that has rooms of its own, such as farm/browse.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for name, names in modules().items():
        room = room_of(name, house)
        if room is not None:
            others = {room_of(other, house) for other in names}
            found[room] |= {other for other in others if other is not None} - {room}
    return found
