"""A mutant differs from its source in one place that matters, and a test that checks this place kills it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT
from tests.mutation.mutants import mutants
from tests.mutation.run import TARGETS

SOURCE = '''
"""Words."""
def bigger(one: int, other: int = 3) -> bool:
    """Words with 5."""
    message = f"{one + other}"
    if one > other:
        return not one
    raise ValueError(message)
'''


def test_each_thing_that_can_slip_is_changed_once_and_words_never():
    changes = [mutant.change for mutant in mutants(SOURCE)]
    assert changes == [
        "3  ->  4",
        "if one > other: return not one  ->  if False: return not one",
        "one > other  ->  one >= other",
        "return not one  ->  return None",
        "not one  ->  not not one",
        "raise ValueError(message)  ->  raise SystemError()",
    ]
    assert len({ast.unparse(mutant.tree) for mutant in mutants(SOURCE)}) == len(changes)


CODE = """
import sys
from tests.conftest import PROJECT_ROOT
from tests.mutation.mutants import mutants
from tests.mutation.run import survives
target, test = "manifests/store/keys.py", sys.argv[1]
source = (PROJECT_ROOT / target).read_text()
print(survives(target, None, [test]))
for prefix in ("PLAN_PREFIX}{_not", "LEDGER_PREFIX}{check"):
    line = next(number for number, line in enumerate(source.splitlines(), 1) if prefix in line)
    print(survives(target, next(mutant for mutant in mutants(source) if mutant.line == line), [test]))
"""


@pytest.mark.slow
def test_a_slip_that_a_test_looks_for_is_killed_and_one_that_none_does_survives(tmp_path: Path):
    """The check runs in a process of its own that forks, as the runner does."""
    test = tmp_path / "test_it.py"
    test.write_text(
        "from manifests.store.keys import plan_key\n"
        "def test_it():\n"
        "    assert plan_key(7) == 'plan/0007.parquet'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", CODE, test], capture_output=True, text=True, timeout=100, check=False,
        cwd=PROJECT_ROOT,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False", "True"], done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_every_module_that_is_tried_is_there_with_its_tests(target: str):
    assert all((PROJECT_ROOT / path).exists() for path in (target, *TARGETS[target]))
