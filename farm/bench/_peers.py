"""The peers that benchmarks compare with: their packages, and the folders of their environments."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SLIPPI_JS: Final = "slippi-js"
_SLIPPI_JS_PACKAGE: Final = "@slippi/slippi-js@9.1.2"
_SLIPPI_JS_SCRIPT: Final = """
const { createRequire } = require("node:module");
const [folder, rounds, ...files] = process.argv.slice(1);
const { SlippiGame } = createRequire(folder + "/")("@slippi/slippi-js/node");
const secondsOf = (file) => {
  const begun = process.cpuUsage();
  new SlippiGame(file).getFrames();
  const used = process.cpuUsage(begun);
  return (used.user + used.system) / 1e6;
};
secondsOf(files[0]);
const median = (file) => {
  const seconds = Array.from({ length: Number(rounds) }, () => secondsOf(file));
  return seconds.sort((one, other) => one - other)[Math.floor(seconds.length / 2)];
};
console.log(JSON.stringify(files.map(median)));
"""
"""Node script that prints each file's median processor seconds, as `_reading_peers.py` does for others."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One environment in which peers are installed.

    Attributes:
        name: name of the environment, and of its folder.
        packages: names in the package registry, with the version that was tried last.
        what: what is measured with it.
    """

    name: str
    packages: tuple[str, ...]
    what: str

    def python(self, folder: Path) -> Path:
        """Return the path of the environment's interpreter, if it is a Python environment."""
        return folder / self.name / "bin" / "python"

    def is_installed(self, folder: Path) -> bool:
        """Return whether the installation was completed."""
        return (folder / self.name / DONE).exists()


DONE: Final = ".installed"
PEERS: Final = (
    Peer("libmelee", ("melee==0.47.6",), "reading replays"),
    Peer("peppi", ("peppi-py==0.8.6",), "reading replays"),
    Peer(SLIPPI_JS, (_SLIPPI_JS_PACKAGE,), "reading replays; needs node"),
    Peer(
        "torchcodec",
        ("torchcodec==0.13.0", "torch==2.13.0", "numpy>=2", "pydantic>=2", "einops>=0.8"),
        "random windows of pictures; MIRA's loader also runs in it",
    ),
    Peer("lerobot", ("lerobot[dataset]>=0.4.4,<0.7", "torchcodec"), "random windows through its own loader"),
)


def peer_named(name: str) -> Peer:
    """Return the peer of that name."""
    return next(peer for peer in PEERS if peer.name == name)


def installing(peer: Peer, folder: Path) -> list[list[str]]:
    """Return the commands that install a peer into its folder, to be run one after another."""
    place = folder / peer.name
    if peer.name == SLIPPI_JS:
        return [["npm", "install", "--no-audit", "--no-fund", "--prefix", str(place), *peer.packages]]
    pip = [str(peer.python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(place)], [*pip, *peer.packages]]


def reading(peer: Peer, folder: Path, script: Path, rounds: int, files: list[Path]) -> list[str]:
    """Return the command that times a reader of replays with some files."""
    names = [str(file.resolve()) for file in files]
    if peer.name == SLIPPI_JS:
        return ["node", "-e", _SLIPPI_JS_SCRIPT, str((folder / peer.name).resolve()), str(rounds), *names]
    return [str(peer.python(folder).absolute()), str(script.resolve()), peer.name, str(rounds), *names]
