"""Change modules one slip at a time, and see whether their tests notice.

    python -m tests.mutation.run --sample 40                 40 slips a module, drawn by --seed
    python -m tests.mutation.run --only manifests/ledger/plan.py --sample 0      every slip of one module

Each mutant is tried in a process of its own, in which the module is loaded with the change; no file is
changed. What the tests start as other processes runs unchanged. A mutant is killed if a test fails, or if the
tests take too long. Survivors are printed for somebody to judge: some change nothing that can be seen.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest

from tests.conftest import PROJECT_ROOT
from tests.mutation.mutants import Mutant, mutants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

SECONDS: Final = 120.0
"""The least time that the tests of a mutant may take; more where they are slow without any change."""
MOST_SECONDS: Final = 900.0
MOST_TIMES: Final = 5
PROFILE: Final = "mutation"
# Examples are the same each time, so that a score can be repeated, and are not shrunk, as nobody reads them.
hypothesis.settings.register_profile(
    PROFILE,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
ALONE: Final = "not (dolphin or ray or s3 or slippi or torch or browser)"
LEDGER, TRAINING, ALIGN = "tests/manifests/ledger", "tests/manifests/training", "tests/workers/align"
TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "workers/align/verdict.py": (f"{ALIGN}/test_verdict.py",),
    "workers/align/count.py": (f"{ALIGN}/test_count.py",),
    "workers/align/stamp.py": (f"{ALIGN}/test_stamp.py",),
    "workers/align/log.py": (f"{ALIGN}/test_log.py", f"{ALIGN}/test_asked.py"),
    "workers/align/rerecording.py": (f"{ALIGN}/test_rerecording.py",),
    "workers/align/calibration.py": (f"{ALIGN}/test_calibration.py",),
    "workers/align/motion/correlation.py": (f"{ALIGN}/test_correlation.py", f"{ALIGN}/test_motion.py"),
    "workers/align/motion/picture_order.py": (f"{ALIGN}/test_picture_order.py",),
    "manifests/training/windows.py": (
        f"{TRAINING}/test_windows.py",
        f"{TRAINING}/test_action_groups.py",
        f"{TRAINING}/test_gaps.py",
        f"{TRAINING}/test_dataset.py",
    ),
    "manifests/training/order.py": (f"{TRAINING}/test_order.py",),
    "manifests/ledger/plan.py": (f"{LEDGER}/test_plan.py", f"{LEDGER}/test_plan_repair.py"),
    "manifests/ledger/plan_repair.py": (f"{LEDGER}/test_plan_repair.py",),
    "manifests/ledger/plan_file.py": (f"{LEDGER}/test_plan.py",),
    "manifests/ledger/entry.py": (f"{LEDGER}/test_entry.py",),
    "manifests/ledger/commit.py": (f"{LEDGER}/test_commit.py",),
}


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and loads a mutant in its place."""

    def __init__(self, name: str, path: Path, mutant: Mutant) -> None:
        self._name, self._path = name, path
        self._code = compile(mutant.tree, str(path), "exec")

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)  # type: ignore[arg-type]

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 - our own source


def survives(target: str, mutant: Mutant | None, tests: Sequence[str], seconds: float = SECONDS) -> bool:
    """Whether all tests pass with this change, or without any change if it is None."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _work(target, mutant, tests, seconds)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status == 0
            time.sleep(0.02)
        return False
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _work(target: str, mutant: Mutant | None, tests: Sequence[str], seconds: float) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    if mutant is not None:
        name = target.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, Changed(name, PROJECT_ROOT / target, mutant))
    status = 1
    try:
        options = ["-x", "-q", "-p", "no:cacheprovider", "-m", ALONE, "--timeout", str(seconds)]
        options += ["--hypothesis-profile", PROFILE]
        options += ["-k", "not that_are_killed"]  # whose workers are other processes, unchanged
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        status = int(pytest.main([*tests, *options]))
    finally:
        os._exit(status)


def _warm_up() -> None:
    """Import other people's packages before forking; not our modules, which would then stay unchanged."""
    for name in (
        "numpy",
        "pyarrow.parquet",
        "hypothesis",
        "av",
        "cv2",
        "click.testing",
        "melee",
        "rich.console",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def main() -> int:
    """Try a sample of the mutants of each module; print the scores and the survivors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=40, help="mutants of each module; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(TARGETS))
    asked = parser.parse_args()
    _warm_up()
    os.chdir(PROJECT_ROOT)
    total = killed = 0
    for target in asked.only or TARGETS:
        tests = TARGETS[target]
        begun = time.monotonic()
        if not survives(target, None, tests, MOST_SECONDS):
            sys.stdout.write(f"{target}: its tests fail without any change, or take {MOST_SECONDS:.0f} s\n")
            return 1
        seconds = max(SECONDS, MOST_TIMES * (time.monotonic() - begun))
        every = mutants((PROJECT_ROOT / target).read_text())
        chosen = (
            every
            if not asked.sample
            else random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
        )
        left = [mutant for mutant in chosen if survives(target, mutant, tests, seconds)]
        total, killed = total + len(chosen), killed + len(chosen) - len(left)
        sys.stdout.write(f"{target}: {len(chosen) - len(left)} of {len(chosen)} killed, of {len(every)}\n")
        for mutant in sorted(left, key=lambda one: one.line):
            sys.stdout.write(f"    line {mutant.line}: {mutant.change}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{killed} of {total} killed: {killed / max(total, 1):.0%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
