"""What `make` passes on to the commands that it runs."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import PROJECT_ROOT


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_compiled_modules_are_kept_where_the_environment_forbids_it():
    """Otherwise every process of every test compiles all that it imports."""
    told = subprocess.run(
        ["make", "--silent", "--eval", "environment:\n\t@env", "environment"],
        cwd=PROJECT_ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OTHER": "1"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    names = {line.partition("=")[0] for line in told.stdout.splitlines()}
    assert "OTHER" in names
    assert "PYTHONDONTWRITEBYTECODE" not in names
