"""`farm bench peers`: installs what benchmarks compare with, each peer in an environment of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from farm.bench._apart import said_by
from farm.bench._peers import DONE, PEERS, SLIPPI_JS, Peer, installing
from workers.errors import EnvironmentFailed

EXAMPLE = """\b
Examples:
  farm bench peers ~/peers
  farm bench peers ~/peers --only libmelee --only peppi
  farm bench all --peers ~/peers
"""
_INSTALL_SECONDS = 1800.0


@click.command(epilog=EXAMPLE)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([peer.name for peer in PEERS]),
    help="Install this peer alone; may be given again.",
)
def command(folder: Path, only: tuple[str, ...]) -> None:
    """Install other readers and loaders into FOLDER from the package registries that pip and npm use here.

    Installed peers are kept. LeRobot and torchcodec bring torch, of some GB. MIRA's loader is in no registry:
    fetch it yourself, and give its folder to `farm bench all --mira`. Exit status: 1 if a peer failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = [peer.name for peer in PEERS if peer.name in (only or peer.name) and not _install(peer, folder)]
    if failed:
        message = f"not installed: {', '.join(failed)}; `farm bench all` says so in their rows"
        raise click.ClickException(message)


def _install(peer: Peer, folder: Path) -> bool:
    if peer.is_installed(folder):
        click.echo(f"{peer.name}: there already")
        return True
    if peer.name == SLIPPI_JS and shutil.which("npm") is None:
        click.echo(f"{peer.name}: skipped, since there is no node and npm on this machine", err=True)
        return False
    try:
        for words in installing(peer, folder):
            said_by(words, _INSTALL_SECONDS)
    except EnvironmentFailed as problem:
        click.echo(f"{peer.name}: {problem}", err=True)
        return False
    (folder / peer.name / DONE).touch()
    click.echo(f"{peer.name}: installed {', '.join(peer.packages)}, for {peer.what}")
    return True
