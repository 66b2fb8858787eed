"""Starts the S3 server for tests, once per process, or says why it cannot be started.

FARM_TEST_S3 names another server on this machine to be used instead, as PORT:ACCESS_KEY:SECRET_KEY: in this
way the same suites run against Ceph's radosgw (CONTRIBUTING.md says how it is started).
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
OWN_ENVIRONMENT = HERE.parents[1] / ".venv-s3" / "bin" / "python"
MEMORY = "/dev/shm"
OTHER_SERVER = os.environ.get("FARM_TEST_S3", "")
_OTHER_PORT, *_OTHER_KEYS = OTHER_SERVER.split(":")
ACCESS = {
    "AWS_ACCESS_KEY_ID": _OTHER_KEYS[0] if OTHER_SERVER else "farm:render",
    "AWS_SECRET_ACCESS_KEY": _OTHER_KEYS[1] if OTHER_SERVER else "secretkey",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def swift_python() -> Path | None:
    """The interpreter of the environment that holds Swift: $SWIFT_PYTHON, or .venv-s3 in the project."""
    named = os.environ.get("SWIFT_PYTHON")
    python = Path(named) if named else OWN_ENVIRONMENT
    return python if python.exists() else None


def _folder_with_xattrs() -> str | None:
    """A folder in memory if its file system keeps user xattrs (Linux 6.6 and later), else the default."""
    with tempfile.NamedTemporaryFile(dir=MEMORY if os.path.isdir(MEMORY) else None) as probe:  # noqa: PTH112
        try:
            os.setxattr(probe.name, "user.probe", b"x")
        except OSError:
            return None
        return str(Path(probe.name).parent)


@cache
def swift_port() -> int:
    """Start Swift, which ends with this process, and return its port; skip the test where there is none."""
    if OTHER_SERVER:
        return int(_OTHER_PORT)
    python = swift_python()
    if python is None:
        pytest.skip("no S3 server here: make extras-s3")
    pytest.importorskip("boto3", reason="boto3 is in the extra `s3`")
    folder = tempfile.mkdtemp(prefix="dolphin-farm-swift-", dir=_folder_with_xattrs())
    with (Path(folder) / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(python), "-W", "ignore", str(HERE / "serve.py"), f"{folder}/swift"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None

    def stop() -> None:
        server.stdin.close()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder)

    atexit.register(stop)
    line = server.stdout.readline().strip()
    if not line.isdigit():
        pytest.fail(f"the S3 server did not start:\n{(Path(folder) / 'log').read_text()[-2000:]}")
    return int(line)
