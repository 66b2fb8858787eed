"""The S3 server of the tests flushes nothing; that of docker/compose.yaml flushes what it acknowledged."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.s3_server.server import swift_python

SERVE = Path(__file__).with_name("serve.py")
CHECK = """
import os, runpy, sys
real = os.fsync, os.fdatasync
sys.argv = ["serve.py", *sys.argv[2:]]
runpy.run_path({path!r}, run_name="loaded")
print(real == (os.fsync, os.fdatasync))
"""


@pytest.mark.s3
@pytest.mark.parametrize(("arguments", "flushes"), [((), False), (("127.0.0.1", "8080"), True)])
def test_only_the_server_that_keeps_a_volume_flushes_to_the_disk(arguments: tuple[str, ...], flushes: bool):
    python = swift_python()
    if python is None:
        pytest.skip("no S3 server here: make extras-s3")
    done = subprocess.run(
        [str(python), "-W", "ignore", "-c", CHECK.format(path=str(SERVE)), "-", "folder", *arguments],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(flushes)
