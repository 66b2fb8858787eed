"""`farm` names a package that is missing, and the extra that installs it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from farm.cli import EXTRA_OF

WITHOUT = (
    "import sys; sys.modules[{package!r}] = None; from farm.cli import main; "
    "sys.argv[1:] = [{command!r}]; main()"
)


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [("doctor", "av", "render"), ("browse", "duckdb", "browse"), ("games", "duckdb", "browse")],
)
def test_a_missing_package_fails_in_one_line(command: str, package: str, extra: str):
    program = WITHOUT.format(package=package, command=command)
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: `farm {command}` needs the package {package}, which is not installed: "
        f"pip install 'dolphin-farm[{extra}]'\n"
    )


def test_every_extra_named_is_one_that_there_is():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(EXTRA_OF.values()) <= set(project["optional-dependencies"])
