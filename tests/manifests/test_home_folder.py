"""The cache and settings folders of a user without a home: HOME is not set, and passwd lacks the user."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def as_nobody_known(code: str, **more: str) -> str:
    if os.getuid() != 0:
        pytest.skip("only the superuser can become a user whom nobody entered")
    setpriv = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **more}
    done = subprocess.run(
        [*setpriv, "--", os.path.realpath(sys.executable), "-S", "-c", code],
        env=environment, cwd="/", capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    if "Permission denied" in done.stderr or "No module named 'manifests'" in done.stderr:
        pytest.skip("another user may not read this Python, or this folder")
    return done.stdout + done.stderr


def test_a_cache_has_a_place_all_the_same():
    found = as_nobody_known(
        "from manifests.home_folder import cache_base; print(cache_base())", TMPDIR="/tmp"
    )
    assert found.strip() == "/tmp/dolphin-farm-54321/cache"


def test_what_must_be_kept_is_refused_with_what_to_set():
    found = as_nobody_known("from manifests.home_folder import config_base; config_base('FARM_PLAYER_KEY')")
    assert "user 54321 has no entry in passwd; set FARM_PLAYER_KEY, XDG_CONFIG_HOME or HOME" in found


def test_a_path_from_home_is_refused():
    found = as_nobody_known("from manifests.home_folder import with_home; with_home('~/a')")
    assert "NoHome: ~/a: HOME is not set" in found


def test_a_cache_whose_place_somebody_else_took_is_refused():
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        Path(shared).chmod(0o1777)
        (Path(shared) / "dolphin-farm-54321").symlink_to(shared)
        found = as_nobody_known("from manifests.home_folder import cache_base; cache_base()", TMPDIR=shared)
    assert "it is a link, or no folder; set XDG_CACHE_HOME or HOME" in found
