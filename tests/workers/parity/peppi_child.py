"""Reads one replay with peppi and writes all its columns, in a process of its own, since peppi may panic.

    python peppi_child.py REPLAY.slp OUT.npz

Each leaf of peppi's frames becomes an array [instances] and a mask [instances] of the same name with "?";
lists become their offsets, with "#", and the arrays of their elements.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from peppi_py import _peppi


def flatten(name: str, array: Any, valid: np.ndarray[Any, Any], out: dict[str, np.ndarray[Any, Any]]) -> None:
    valid = valid & array.is_valid().to_numpy(zero_copy_only=False)
    if array.type.num_fields and str(array.type).startswith("struct"):
        for index in range(array.type.num_fields):
            flatten(f"{name}.{array.type.field(index).name}", array.field(index), valid, out)
    elif str(array.type).startswith("list"):
        offsets = array.offsets.to_numpy()
        out[f"{name}#"] = offsets
        elements = array.values
        flatten(name, elements, np.ones(len(elements), bool), out)
    else:
        out[name] = array.fill_null(0).to_numpy(zero_copy_only=False)
        out[f"{name}?"] = valid


def main(replay: str, out: str) -> None:
    frames = _peppi.read_slippi(replay).frames
    columns: dict[str, np.ndarray[Any, Any]] = {}
    flatten("frame", frames, np.ones(len(frames), bool), columns)
    np.savez(out, **columns)


if __name__ == "__main__":
    main(*sys.argv[1:])
