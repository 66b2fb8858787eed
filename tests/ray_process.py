"""Runs Python code that starts a Ray of its own, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile


def printed_with_ray(code: str, *arguments: str) -> list[str]:
    """Run code to its end and return the lines that it printed.

    The code has a process of its own, since a process joins a Ray only once, and other tests join theirs.
    """
    with tempfile.TemporaryDirectory(prefix="farm-ray-", dir="/tmp") as folder:  # socket paths have a limit
        settings = {
            "RAY_TMPDIR": folder,
            "RAY_AUTH_MODE": "disabled",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            capture_output=True, text=True, timeout=200, check=False, env={**os.environ, **settings},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()
