"""The processes that read replays end with the run, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from null_processes import wait_for

from tests.running import is_running

SCAN = """
import os, time
from farm.planning.scanning import reading_pool

if __name__ == "__main__":
    pool = reading_pool(1)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_scan_killed_with_9_leaves_no_process_and_no_file(tmp_path: Path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    script = tmp_path / "scan.py"
    script.write_text(SCAN)
    scan = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert scan.stdout is not None
    reader = int(scan.stdout.readline())
    scan.kill()
    scan.communicate()
    wait_for(lambda: not is_running(reader), 120.0)
    assert list(temporary.rglob("*")) == []
