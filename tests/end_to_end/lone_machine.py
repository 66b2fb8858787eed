"""Gives a test a machine of its own, made of namespaces: processes, network, home folder, memory folder.

Programs in it can bind any port, run `ray stop` and write to the home folder without touching anything
outside, and all of it is gone when its first process ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.disturbed import until
from tests.ray_cluster import ENVIRONMENT as RAY_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDED = ("unshare", "nsenter", "ip", "ssh-keygen", "/usr/sbin/sshd", "rsync", "setpriv")
NAMESPACES = ("--pid", "--net", "--mount", "--ipc", "--uts")

# A login finds `python`, `ray` and `farm` as on a machine that was set up as docker/cluster-local.yaml asks.
SET_UP = r"""
set -eu
ip link set lo up
mount -t overlay overlay -o "lowerdir=$HOME,upperdir=$WORK/upper,workdir=$WORK/work" "$HOME"
mount -t tmpfs tmpfs /dev/shm
mkdir -p "$WORK/ray" /tmp/ray && mount --bind "$WORK/ray" /tmp/ray
mkdir -p /run/sshd "$HOME/.ssh" && chmod 700 "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/id_ed25519"
ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key"
cp "$HOME/.ssh/id_ed25519.pub" "$HOME/.ssh/authorized_keys"
printf 'export PATH=%s\n' "$FARM_PATH" > "$HOME/.bashrc"
for name in $FOR_LOGINS; do printf 'export %s=%s\n' "$name" "${!name}"; done >> "$HOME/.bashrc"
printf 'ListenAddress 127.0.0.1\nHostKey %s\nPermitRootLogin yes\nUsePAM no\nPidFile %s\n' \
    "$WORK/host_key" "$WORK/sshd.pid" > "$WORK/sshd_config"
exec /usr/sbin/sshd -D -e -f "$WORK/sshd_config"
"""


def why_not() -> str:
    """Say why this machine cannot make such namespaces; empty if it can."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    if missing := [program for program in NEEDED if shutil.which(program) is None]:
        return f"no {', '.join(missing)} here"
    probe = ["unshare", *NAMESPACES, "--fork", "--mount-proc", "true"]
    return (
        ""
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0
        else "no namespaces here"
    )


class LoneMachine:
    """Runs commands in the namespaces of such a machine."""

    def __init__(self, first: int, folder: Path, environment: dict[str, str]) -> None:
        self._first, self._folder, self._environment = first, folder, environment

    def command(self, *arguments: str) -> list[str]:
        return ["nsenter", "--target", str(self._first), "--all", f"--wd={self._folder}", *arguments]

    def run(self, *arguments: str, seconds: float = 200) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def write(self, name: str, text: str) -> None:
        """Write a file in the machine's home folder."""
        script = f'cat > "$HOME/{name}"'
        subprocess.run(
            self.command("sh", "-c", script), input=text, text=True, env=self._environment, check=True
        )


@contextmanager
def lone_machine(work: Path, folder: Path) -> Iterator[LoneMachine]:
    """Start a lone machine with sshd on its port 22, which lets its own user in by key.

    Args:
        work: Folder in which the files that it writes end up.
        folder: Folder in which its commands run.
    """
    for name in ("upper", "work"):
        (work / name).mkdir()
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/usr/games"
    home = os.path.expanduser("~")  # noqa: PTH111 - as text, for the shell
    environment = {"PATH": path, "FARM_PATH": path, "HOME": home, "WORK": str(work), "LANG": "C.UTF-8"}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0", "TERM": "dumb"}
    environment |= RAY_ENVIRONMENT | {"FOR_LOGINS": " ".join(RAY_ENVIRONMENT)}
    mortal = ["setpriv", "--pdeathsig", "KILL", "unshare"]
    with (work / "sshd.log").open("wb") as log:
        unshare = subprocess.Popen(
            [*mortal, *NAMESPACES, "--fork", "--kill-child", "--mount-proc", "bash", "-c", SET_UP],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        until((work / "sshd.pid").exists, f"sshd runs; see {work / 'sshd.log'}", 20)
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
        yield LoneMachine(int(children[0]), folder, environment)
    finally:
        unshare.kill()
        unshare.wait()
