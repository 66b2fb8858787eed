"""`import manifests` loads little, has every name that it promises, and a type checker knows them all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import manifests

ROOT = Path(__file__).resolve().parents[2]
NEEDS_TORCH = {"TensorSample", "TorchWindows"}

# What a user might write: a type checker accepts every line except those that name an error.
USER = """
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from manifests import Cache, Pictures, Sample, TorchWindows, WindowDataset, WindowSpec, as_dict
from manifests import DatasetError, Manifest, Store, open_dataset, open_manifest, open_store

arrays = open_dataset("dataset", window=16, fields=["video", "p0.x"], as_torch=False)
assert_type(arrays, WindowDataset)
assert_type(open_dataset("dataset", as_torch=True), TorchWindows)
assert_type(open_dataset("dataset"), WindowDataset | TorchWindows)
assert_type(arrays[0], Sample)
assert_type(arrays[0]["video"], NDArray[np.uint8])
assert_type(arrays[0]["state_valid"], NDArray[np.bool_])
as_dict(arrays[0])["p0.x"]
for batch in arrays.stream(batch_size=8, weights={"FOX": 3.0}):
    assert_type(batch["is_repeat"], NDArray[np.bool_])
open_dataset("dataset", window=WindowSpec(16, start="any", stride=4), cache=Cache(max_bytes=1 << 30))
open_dataset("dataset", pictures=Pictures("yuv420"), cache=None, verify="stamp", split="train")
open_dataset("dataset", as_torch=True).loader(batch_size=8, num_workers=4, pin_memory=True)
assert_type(open_manifest("dataset"), Manifest)
assert_type(open_store("s3://bucket/set"), Store)

arrays[0]["vidoe"]  # error: typeddict-item
arrays.stream(batchsize=8)  # error: call-arg
open_dataset("dataset", verify="yes")  # error: call-overload
open_dataset("dataset", stride=4)  # error: call-overload
WindowSpec(start="key")  # error: arg-type
"""


def mypy(source: str, folder: Path) -> list[str]:
    """The errors of mypy in strict mode in a user's module, one line per error."""
    file, settings = folder / "user.py", folder / "mypy.ini"
    file.write_text(source)
    settings.write_text(
        "[mypy]\nstrict = True\nignore_missing_imports = True\n"
        "[mypy-torch.*,torchcodec.*]\nfollow_imports = skip\n"  # the same answer with torch and without
    )
    words = [sys.executable, "-m", "mypy", "--config-file", settings, "--cache-dir", folder / "cache", file]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def python_lines_of_the_readme() -> str:
    """The indented lines that begin with an import of ours, up to the next line that is no Python."""
    lines = (ROOT / "README.md").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("    from manifests import"))
    end = next(number for number in range(first, len(lines)) if not lines[number].startswith("    "))
    return "\n".join(line.removeprefix("    ") for line in lines[first:end]) + "\n"


def test_importing_it_loads_no_other_module_of_ours_and_no_library():
    code = "import sys; before = set(sys.modules); import manifests; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert loaded == {"manifests"}


@pytest.mark.parametrize("name", manifests.__all__)
def test_every_promised_name_is_there(name: str):
    if name in NEEDS_TORCH:
        pytest.importorskip("torch", reason="torch is not installed: make extras-torch")
    assert getattr(manifests, name).__class__
    assert name in dir(manifests)


def test_a_name_that_is_not_promised_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'manifests' has no attribute 'open_datset'"):
        manifests.open_datset  # noqa: B018


def test_the_version_is_a_plain_line_as_the_build_reads_it():
    line = re.search(r'^__version__ = "(.+)"$', Path(manifests.__file__).read_text(), re.MULTILINE)
    assert line is not None
    assert line[1] == manifests.__version__


@pytest.mark.slow
def test_a_type_checker_accepts_the_lines_of_the_readme(tmp_path: Path):
    source = python_lines_of_the_readme()
    compile(source, "README.md", "exec")
    assert "open_dataset(" in source
    assert mypy(source, tmp_path) == []


@pytest.mark.slow
def test_a_type_checker_knows_what_users_get_and_refuses_slips(tmp_path: Path):
    wanted = {
        number: found[1]
        for number, line in enumerate(USER.splitlines(), 1)
        if (found := re.search(r"# error: (.+)$", line))
    }
    found = {int(line.split(":")[1]): line.rpartition("[")[2].rstrip("]") for line in mypy(USER, tmp_path)}
    assert found == wanted


@pytest.mark.slow
def test_reading_a_manifest_starts_no_thread_of_arrows(sound: Path):
    """A thread that still held Python's bytes at exit aborted the program, in 8 of 20 runs on one machine."""
    code = """
import os, sys
from manifests import open_dataset, open_manifest
num_threads = len(os.listdir("/proc/self/task"))
manifest = open_manifest(sys.argv[1])
tables = [manifest.games(), manifest.chunks(), manifest.gops(), manifest.events(), *manifest.batches("files")]
print(len(os.listdir("/proc/self/task")) - num_threads)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(sound)], capture_output=True, text=True, timeout=240, check=True
    )
    assert done.stdout.strip() == "0"
