"""`farm browse`: shows a dataset in a web browser."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from contextlib import suppress
from pathlib import Path

import click
import uvicorn
from rich.console import Console
from rich.progress import Progress

from farm.amounts import number_of
from farm.browse.export import Export, files_from
from farm.browse.queries.figures import read_trials
from farm.browse.queries.game_filters import SORT_COLUMNS
from farm.browse.queries.library import Library
from farm.browse.queries.typed_sql import ConditionRefused
from farm.browse.server.app import LOOPBACK, make_app
from farm.browse.server.safety import ANY_ADDRESS, TOKEN
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed

EXAMPLE = """\b
Examples:
  farm browse dataset
  farm browse s3://bucket/melee --port 9000
  farm browse dataset --host 0.0.0.0
  farm browse dataset --compare dataset-slippi
  farm browse dataset --export dataset/pages
  farm browse dataset --export pages --files https://bucket.example/melee/ --where "split = 'test'"
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset", default="dataset")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port; 0 takes any free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; whoever then comes from elsewhere needs the token of the address printed.",
)
@click.option(
    "--export",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the pages into this folder instead, as files that work from a bucket.",
)
@click.option(
    "--files",
    metavar="URL",
    help="Export: where the pages find DATASET's objects.  [default: the relative path; for s3:// one up]",
)
@click.option(
    "--bytes",
    "trials",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What farm bench bytes --json printed, for the chart of what a CRF takes.  "
    "[default: bench/bytes.json of DATASET]",
)
@click.option("--compare", metavar="OTHER", help="A dataset to show games of DATASET beside: another render.")
@click.option("--where", "condition", help="Export: only these games; a condition in DuckDB's SQL.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="Export: only this many games, the first by game_id."
)
def command(
    *,
    dataset: str,
    port: int,
    host: str,
    out: Path | None,
    files: str | None,
    trials: Path | None,
    compare: str | None,
    condition: str | None,
    limit: int | None,
) -> None:
    """Show DATASET in a web browser: totals, games frame by frame with their state, what was set aside.

    This serves the pages on this machine until Ctrl-C.

    Nothing is copied and nothing can be written; videos are read in byte ranges from the dataset's own store.

    With --export the pages become plain files (some 0.2 MB for each 1,000 frames: the states as JSON) that
    need no server of ours. They load videos from DATASET, so put the folder beside it or into it.
    """
    if out is not None:
        objects = (files or files_from(out, dataset)).rstrip("/") + "/"
        _export(dataset, out, objects, condition or "true", limit)
        return
    if files or condition or limit:
        message = "--files, --where and --limit go with --export"
        raise click.UsageError(message)
    host = "127.0.0.1" if host == "localhost" else host
    hosts = _names(host)
    token = None if hosts == LOOPBACK else secrets.token_urlsafe(24)
    with Console(stderr=True).status("reading the manifest"):
        known = None if trials is None else read_trials(trials.read_bytes(), str(trials))
        app = make_app(
            open_store(dataset), hosts, token, known, None if compare is None else open_store(compare)
        )
    listening = _listen(host, port)
    number = listening.getsockname()[1]
    url = f"http://{_in_url(_reached_by(host))}:{number}/"
    if token is not None:
        url += f"?{TOKEN}={token}"
        warning = (
            f"Warning: every machine that reaches this one can ask at port {number}. Whoever has the address "
            "with its token sees the dataset, and what is sent is not encrypted; an ssh tunnel to the "
            "default --host is safer."
        )
        click.echo(warning, err=True)
    click.echo(f"{url}  shows {dataset}; Ctrl-C ends it", err=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    # At the interrupt the server answers open requests, closes, and then raises the interrupt again.
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    click.echo("stopped", err=True)


def _names(host: str) -> tuple[str, ...]:
    """Return the host names that a request may use for this server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        message = f"--host {host!r} is no IP address; give one of this machine's, such as 127.0.0.1"
        raise click.UsageError(message) from error
    if address.is_loopback:
        return LOOPBACK
    if address.is_unspecified:  # all addresses of this machine, which may get new ones
        return (*LOOPBACK, socket.gethostname().lower(), ANY_ADDRESS)
    return (*LOOPBACK, _in_url(host))


def _reached_by(host: str) -> str:
    """Return the name under which other machines reach this server."""
    return socket.gethostname().lower() if ipaddress.ip_address(host).is_unspecified else host


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    """Open the port before the server starts, so that the user can be told which port 0 became."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}; give another --port or --host"
        raise EnvironmentFailed(message) from error


def _export(dataset: str, out: Path, files: str, condition: str, limit: int | None) -> None:
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("writing pages", total=None)
        export = Export(Library(open_store(dataset)), out, files, list(SORT_COLUMNS))
        try:
            num_games = export.write(
                condition, limit, lambda done, of: progress.update(task, completed=done, total=of)
            )
        except ConditionRefused as error:
            message = f"--where {condition!r}: {error}"
            raise click.UsageError(message) from error
        except OSError as error:
            message = f"cannot write {out}: {error.strerror}"
            raise click.ClickException(message) from error
    click.echo(f"{out / 'index.html'}: {number_of(num_games, 'game')}; videos are fetched from {files}")
