"""Imports point farm -> workers -> manifests, never back, and each foreign thing has its doors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "manifests": {"manifests"},
    "workers": {"workers", "manifests", "dolphin_configs"},
    "farm": {"farm", "workers", "manifests", "dolphin_configs"},
    "dolphin_configs": {"dolphin_configs"},
}
OURS = set(MAY_IMPORT)


def imported_modules(source: Path) -> set[str]:
    """Every module named by an import statement, whole dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_lies_below_it(package: str):
    offenders = {
        f"{source.relative_to(ROOT)} imports {module}"
        for source in sources(package)
        for module in imported_modules(source)
        if module.split(".")[0] in OURS - MAY_IMPORT[package]
    }
    assert not offenders


DOORS = {
    "av": {
        "workers/emulator/picture_stream.py",  # raw pictures of mainline Dolphin
        "workers/emulator/png_picture.py",  # Slippi's image dump
        "workers/rendering/encode.py",
        "manifests/video/mp4.py",  # the reading side's
        "manifests/video/libav.py",  # its windows
        "manifests/video/clip.py",  # clips for people
        "farm/machine/doctor_standin.py",  # looks whether it is there at all
    },
    "boto3": {"manifests/store/s3_client.py"},
    "botocore": {"manifests/store/s3_client.py", "manifests/store/s3_ranges.py"},
    "cv2": {"workers/align/motion/thumbnails.py"},
    "ffmpeg": {"workers/rendering/independent_check.py"},
    "melee": {"workers/replay/melee_names.py"},
    "peppi_py": {"farm/bench/_peppi.py"},
    "prometheus_client": {"farm/engine/metrics_server.py"},
    "ray": {
        "farm/pools/ray_pool.py",
        "farm/pools/ray_nodes.py",
        "farm/pools/ray_metrics.py",
        "manifests/training/ray_data.py",
    },
    "PIL": {"manifests/video/overlay.py", "farm/browse/stills.py"},
    "torch": {
        "manifests/training/torch_windows.py",
        "manifests/video/torchcodec_decoder.py",
        "manifests/training/example.py",
    },
    "torchcodec": {"manifests/video/torchcodec_decoder.py", "farm/bench/loader.py"},
}


@pytest.mark.parametrize("foreign", sorted(DOORS))
def test_a_foreign_thing_is_imported_only_at_its_doors(foreign: str):
    importers = {
        str(source.relative_to(ROOT))
        for package in OURS
        for source in sources(package)
        if foreign in {module.split(".")[0] for module in imported_modules(source)}
    }
    assert importers <= DOORS[foreign]


def test_nothing_is_called_utils_or_common():
    names = {source.stem for package in OURS for source in sources(package)}
    assert not names & {"utils", "util", "common", "helpers", "misc"}
