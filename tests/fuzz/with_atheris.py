"""Fuzzes one target with atheris, which sees what code an input reaches; install it, it is not in the lock.

    python -m tests.fuzz.with_atheris ledger corpus -max_total_time=60

The folder gets the target's good inputs first, and later inputs that reach further code. An input that breaks
the target is written to the current folder, as libFuzzer does.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["manifests", "workers", "farm"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run libFuzzer on the target that the first argument names."""
    name, corpus, *options = sys.argv[1:]
    target = TARGETS[name]
    Path(corpus).mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        target(seed)  # what the first call loads and makes does not count against an input's time
        (Path(corpus) / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    atheris.Setup([sys.argv[0], corpus, *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
