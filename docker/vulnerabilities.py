# ruff: noqa: INP001 - a script
"""Look the locked packages up among known vulnerabilities, for `make check`.

    python docker/vulnerabilities.py PIP_AUDIT LOCK...

Exit status: 0 if no package has a known vulnerability, or if no service could be asked, which is said in one
line; 1 if a package has one. pip-audit itself says "No known vulnerabilities found" also where its service
knew no package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 120.0
"""How long all requests together may take; a single one may take 10."""
OPTIONS: Final = (
    "--require-hashes", "--no-deps", "--disable-pip", "--timeout", "10", "--progress-spinner", "off",
    "--format", "json",
)  # fmt: skip


def asked(pip_audit: Path, locks: list[Path], seconds: float = SECONDS) -> list[dict[str, Any]] | None:
    """Ask pip-audit about every package; None if there was no answer.

    Args:
        pip_audit: the program.
        locks: files with the packages, their versions and hashes.
        seconds: how long it may take.
    """
    named = [option for lock in locks for option in ("--requirement", str(lock))]
    try:
        done = subprocess.run(
            [pip_audit, *named, *OPTIONS], capture_output=True, text=True, timeout=seconds, check=False
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return packages


def told(packages: list[dict[str, Any]] | None) -> tuple[str, bool]:
    """Say what the look-up found, and whether it found no vulnerable package."""
    looked_up = [package for package in packages or () if "skip_reason" not in package]
    if packages is None or not looked_up:
        return "no service of known vulnerabilities answered, so no package was looked up", True
    lines = [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions'])}"
        for package in looked_up
        for one in package["vulns"]
    ]
    count = f"{len(looked_up)} of {len(packages)} packages were looked up"
    if lines:
        return "\n".join([*lines, f"{count}; raise these in pyproject.toml, then run make lock"]), False
    return f"no known vulnerability: {count}", True


def main() -> int:
    """Look the packages of the named locks up, print the result, and return the exit status."""
    program, *locks = sys.argv[1:]
    line, is_clean = told(asked(Path(program), [Path(lock) for lock in locks]))
    sys.stdout.write(f"{line}\n")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
