"""`farm browse`: look at a dataset in a web browser."""

from __future__ import annotations

import ipaddress
import socket

import click
import uvicorn

from farm.browse.app import LOOPBACK, make_app
from manifests.store import open_store

EXAMPLE = """\b
Examples:
  farm browse dataset
  farm browse s3://bucket/melee --port 9000
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset", default="dataset")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others can then read, too."
)
def command(dataset: str, port: int, host: str) -> None:
    """Serve DATASET's pages on this machine: totals, games, each game frame by frame with its state, rejects.

    Nothing is copied and nothing can be written; videos come from the dataset's own store by range.
    """
    hosts = LOOPBACK if ipaddress.ip_address(host).is_loopback else (*LOOPBACK, host)
    app = make_app(open_store(dataset), hosts)
    listening = socket.create_server(
        (host, port)
    )  # so that port 0 can be told, and a taken one fails at once
    click.echo(f"http://{host}:{listening.getsockname()[1]}/  shows {dataset}; Ctrl-C ends it", err=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listening])
