"""What we ship is listed, pinned, and looked up among known vulnerabilities, or a line says why not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docker.vulnerabilities import asked, told
from tests.conftest import PROJECT_ROOT

DOCKER = PROJECT_ROOT / "docker"
SOUND = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found"}
BROKEN = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def fake_program(folder: Path, code: str) -> Path:
    """A fake pip-audit."""
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nimport json, sys, time\n{code}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("packages", "said", "is_clean"),
    [
        (None, "no service of known vulnerabilities answered", True),
        ([], "no service of known vulnerabilities answered", True),
        ([SKIPPED, SKIPPED], "no service of known vulnerabilities answered", True),
        ([SOUND, SKIPPED], "no known vulnerability: 1 of 2 packages were looked up", True),
        ([SOUND, BROKEN], "c 2: CVE-1, mended in 3", False),
    ],
)
def test_only_packages_that_were_looked_up_count_as_sound(packages: Any, said: str, is_clean: bool):
    line, found = told(packages)
    assert said in line
    assert found is is_clean


@pytest.mark.slow
@pytest.mark.parametrize("code", ["sys.exit(2)", "time.sleep(60)", "print('{')", "print('{}')"])
def test_a_service_that_fails_or_is_silent_is_no_answer(tmp_path: Path, code: str):
    assert asked(fake_program(tmp_path, code), [tmp_path / "lock"], seconds=2) is None


def test_a_program_that_is_not_installed_is_no_answer(tmp_path: Path):
    assert asked(tmp_path / "nowhere", [tmp_path / "lock"]) is None


def test_the_program_is_asked_about_every_lock_by_hash_and_within_a_time(tmp_path: Path):
    program = fake_program(tmp_path, "print(json.dumps({'dependencies': [{'argv': sys.argv[1:]}]}))")
    [answer] = asked(program, [tmp_path / "one", tmp_path / "two"]) or [{}]
    argv = " ".join(answer["argv"])
    assert argv.count("--requirement") == 2
    assert {"--require-hashes", "--timeout"} <= set(answer["argv"])


def test_bases_are_pinned_by_digest_beside_their_tag_and_renewed(tmp_path: Path):
    """The docker here is a fake, since no test may ask a registry."""
    shutil.copytree(DOCKER, tmp_path / "docker")
    tools = tmp_path / "tools"
    tools.mkdir()
    for digit in "ab":
        docker = tools / "docker"
        docker.write_text(f"#!/bin/sh\necho sha256:{digit * 64}\n")
        docker.chmod(0o755)
        done = subprocess.run(
            [tmp_path / "docker" / "pin-bases"], env={"PATH": f"{tools}:/usr/bin:/bin"}, capture_output=True,
            text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for name in ("worker.Dockerfile", "s3/Dockerfile"):
            text = (tmp_path / "docker" / name).read_text()
            [base] = re.findall(r"^ARG BASE=(\S+)", text, re.MULTILINE)
            assert base == f"debian:bookworm-20250520-slim@sha256:{digit * 64}"
        compose = (tmp_path / "docker" / "compose.yaml").read_text()
        assert compose.count(f"@sha256:{digit * 64}") == 2


def test_a_registry_that_gives_no_digest_changes_nothing(tmp_path: Path):
    shutil.copytree(DOCKER, tmp_path / "docker")
    (tmp_path / "tools").mkdir()
    docker = tmp_path / "tools" / "docker"
    docker.write_text("#!/bin/sh\necho oops\n")
    docker.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "docker" / "pin-bases"], env={"PATH": f"{docker.parent}:/usr/bin:/bin"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "gave no digest" in done.stderr
    assert (tmp_path / "docker" / "worker.Dockerfile").read_text() == (
        DOCKER / "worker.Dockerfile"
    ).read_text()


def test_the_image_lists_its_packages_with_a_pinned_program():
    text = (DOCKER / "worker.Dockerfile").read_text()
    assert "cyclonedx-py environment" in text
    assert re.search(r"--require-hashes .*supply\.lock", text)
    assert "!docker/supply.lock" in (PROJECT_ROOT / ".dockerignore").read_text().split()


def test_no_lock_lacks_a_hash():
    for lock in [PROJECT_ROOT / "requirements.lock", *sorted(DOCKER.glob("*.lock"))]:
        packages = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)[1:]
        assert packages
        assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.dolphin
@pytest.mark.slow
def test_a_game_renders_where_nothing_but_memory_can_be_written(tmp_path: Path):
    """The game renders as in a container with a read-only root and without any capability."""
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-m", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs root, for a mount namespace")
    replays = "from pathlib import Path; from workers.standin.recorder import record_match; "
    replays += "Path('/var/tmp/game.slp').write_bytes(record_match(1, num_frames=8))"
    script = tmp_path / "script"
    script.write_text(
        f"""set -e
mount --bind / / && mount -o remount,ro,bind /
mount -t tmpfs tmpfs /var/tmp && mount -t tmpfs tmpfs /dev/shm
! touch {PROJECT_ROOT}/written 2>/dev/null
export HOME=/var/tmp/home TMPDIR=/var/tmp PYTHONPATH={PROJECT_ROOT} PYTHONDONTWRITEBYTECODE=1
mkdir $HOME
cd $HOME
{sys.executable} -c "{replays}"
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \\
    {sys.executable} -c "from farm.cli import main; main()" render \\
    --emulator standin --replays /var/tmp/game.slp --out /var/tmp/dataset
"""
    )
    done = subprocess.run(
        [unshare, "-m", "sh", str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 replays committed" in done.stdout


def test_what_containers_may_do_is_little():
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra `dev`")
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    ours = {name: one for name, one in services.items() if one["image"].startswith("dolphin-farm")}
    assert set(ours) == {"head", "worker", "s3", "bucket"}
    for service in ours.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert any(place.startswith("/tmp") for place in service["tmpfs"])
    spec = yaml.safe_load((DOCKER / "kuberay-rayjob.yaml").read_text())["spec"]["rayClusterSpec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert {"/tmp", "/home/farm"} <= {mount["mountPath"] for mount in container["volumeMounts"]}
            assert {mount["name"] for mount in container["volumeMounts"]} <= {
                one["name"] for one in pod["volumes"]
            }


def test_the_licences_of_the_tools_are_not_the_products():
    """The tools that list and look up packages are in an environment of their own, which we do not import."""
    assert "supply" not in (PROJECT_ROOT / "pyproject.toml").read_text()
    plain = json.dumps((PROJECT_ROOT / "requirements.lock").read_text())
    assert "cyclonedx" not in plain


@pytest.mark.parametrize(
    "built",
    [r"-r requirements\.lock", r"-r (/src/)?docker/worker\.lock"],
)
def test_what_is_built_from_source_is_built_with_locked_tools_alone(built: str):
    """By default pip fetches whatever a source package builds with, in any version."""
    files = (PROJECT_ROOT / "Makefile", PROJECT_ROOT / "docker/worker.Dockerfile")
    lines = [line for file in files for line in file.read_text().splitlines()]
    installs = [line for line in lines if re.search(rf"(PIP\)|pip install).* {built}(\s|$)", line)]
    assert installs
    assert [line for line in installs if "--no-build-isolation" not in line] == []


@pytest.mark.parametrize("name", ["Makefile", "docker/worker.Dockerfile"])
def test_the_project_itself_is_built_with_locked_tools_alone(name: str):
    lines = (PROJECT_ROOT / name).read_text().splitlines()
    installs = [line for line in lines if re.search(r"(PIP\)|pip install).* \.$", line)]
    assert len(installs) == 1
    assert "--no-build-isolation" in installs[0]
