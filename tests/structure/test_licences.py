"""Every locked package is listed in licences.txt with its licence, and each licence is one that we accept.

Packages that a trainer installs must have a licence of a shorter list, which asks nothing of mere users. Two
wheels bundle libraries of other licences than their own, which their metadata do not say: see BUNDLED.
"""

from __future__ import annotations

import hashlib
import re
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT

LISTED = dict(
    line.split(" ", 1) for line in Path(__file__).with_name("licences.txt").read_text().splitlines()
)
LOCKS = ("requirements.lock", "docker/worker.lock")
PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0",
    "Unlicense", "Zlib",
}  # fmt: skip
WEAK_COPYLEFT = {"LGPL-2.1-or-later", "LGPL-3.0-only", "MPL-2.0"}
"""Licences allowed on the render side: such packages are imported unchanged, and not shipped by us."""
UNSTATED = {"peppi-py", "httpx2-jsfetch"}
"""Packages without a licence in their metadata: one for tests, one installed only in web browsers."""
BUNDLED = {
    "av": "libx264 and libx265 (GPL-2.0-or-later) in FFmpeg's libraries",
    "opencv-python": "FFmpeg and Qt (LGPL)",
}
"""Libraries that wheels bundle beside their own code; SECURITY.md and CONTRIBUTING.md say what follows."""
NAMES = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "Public Domain": "Unlicense",
    "OSI Approved": "",
    "DFSG approved": "",
}
READING = ("av", "click", "numpy", "pillow", "pyarrow", "rich")
"""Packages that the base installation and the extra `load` name; torch is the user's own choice."""


def locked() -> set[str]:
    lines = [line for lock in LOCKS for line in (PROJECT_ROOT / lock).read_text().splitlines()]
    return {found[1] for line in lines if (found := re.match(r"([a-z0-9][a-z0-9._-]*)==", line))}


def licence_of(name: str) -> str | None:
    """The licence in an installed package's metadata; None if it is not installed or they name none."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    words = [each.rpartition(" :: ")[2] for each in classifiers] or (about.get("License") or "").split("\n")[
        :1
    ]
    return " OR ".join(sorted({NAMES.get(word.strip(), word.strip()) for word in words} - {""})) or None


def parts(licence: str) -> set[str]:
    return set(re.split(r" (?:AND|OR) ", licence))


def closure(names: tuple[str, ...]) -> set[str]:
    """These packages and the packages that they need, as far as those are installed here."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        needed = metadata.requires(name) or []
        waiting += [
            re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in needed if "extra ==" not in each
        ]
        waiting = [each for each in waiting if each in LISTED]
    return found


def test_every_locked_package_is_listed_and_no_other():
    assert set(LISTED) == locked()


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_licence_is_as_listed_and_allowed(name: str):
    if name in UNSTATED:
        assert LISTED[name] == "UNSTATED"
        return
    assert parts(LISTED[name]) <= PERMISSIVE | WEAK_COPYLEFT
    found = licence_of(name)
    assert found in (None, LISTED[name])


def test_the_reading_side_asks_nothing_of_who_uses_it():
    reading = closure(READING)
    assert reading > set(READING)
    assert {name: LISTED[name] for name in reading if not parts(LISTED[name]) <= PERMISSIVE} == {}


def test_what_wheels_bundle_is_told_where_a_user_looks():
    for page in ("SECURITY.md", "CONTRIBUTING.md"):
        text = (PROJECT_ROOT / page).read_text()
        assert "libx264" in text
        assert "LGPL" in text
    assert set(BUNDLED) <= set(LISTED)


SHIPPED = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""sha256 of the files of uPlot 1.6.32 (MIT), which pages load from our own server."""


def test_what_is_shipped_of_others_is_as_it_was_released():
    folder = PROJECT_ROOT / "farm" / "browse" / "static" / "uplot"
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == SHIPPED
    assert (folder / "LICENSE").read_text().startswith("The MIT License (MIT)")
