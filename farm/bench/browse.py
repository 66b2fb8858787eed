"""`farm bench browse`: measures how long a person waits for the pages, in a real web browser."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from farm.bench._chromium import chromium
from farm.bench._many_events import EVENTS_PER_GAME, simulate
from farm.terminal.waiting import waiting
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from selenium.webdriver import Chrome

EXAMPLE = """\b
Examples:
  farm bench browse dataset
  farm bench browse s3://bucket/melee --rounds 30 --json
  farm bench browse --simulate 22000
"""
_ROUNDS: Final = 4  # of each further page
SECONDS: Final = 60.0  # for a page, or the server's start
_POLL: Final = 0.005
# Interactive means that the document and its scripts are loaded, and something is painted. Thumbnails may
# come later.
_READY: Final = """
const [page] = performance.getEntriesByType("navigation"), [paint] = performance.getEntriesByName("first-contentful-paint");
if (!page?.domContentLoadedEventEnd || !paint || !document.querySelector(arguments[0])) return null;
const drawn = document.querySelector("[data-ready]") ? performance.now() : 0; // where scripts fetch what they draw
return [Math.max(page.domContentLoadedEventEnd, paint.startTime, drawn), page.responseEnd];
"""  # noqa: E501 - one statement a line

_STATUS: Final = "p[role=status]"
_PAGES: Final = {
    "totals": ("/", "h1"),
    "moments: deaths": ("/moments?kind=death", _STATUS),
    "moments: ledge near a death": ("/moments?kind=ledge&near=death", _STATUS),
    "moments: hits of 20": ("/moments?kind=hit&where=value%3E%3D20", _STATUS),
    "charts": ("/charts", "#figures[data-ready]"),
    "rejects": ("/rejects", "h1"),
    "schema": ("/schema", "h1"),
}
"""Further pages, each with its address and the element that exists once the page can be used."""

# Measures from the choice until the rows are there and the next frame is drawn, and the server's part of it.
_CHOOSE: Final = """
const [number, done] = arguments, heads = document.querySelectorAll("th[data-sort] a");
const selects = [...document.querySelectorAll("form.filters select")].filter((one) => one.options.length > 2);
performance.clearResourceTimings();
const before = performance.now();
addEventListener("shown", () => requestAnimationFrame(() => setTimeout(() => {
  const [asked] = performance.getEntriesByType("resource").filter((entry) => entry.initiatorType === "fetch");
  done([performance.now() - before, asked.responseEnd - asked.startTime]);
})), { once: true });
if (number % 4 === 3 || !selects.length) heads[number % heads.length].click();
else {
  const select = selects[number % selects.length];
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
"""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long one kind of action makes a user wait, in milliseconds.

    Attributes:
        interactive_ms: median, until the page can be used.
        interactive_ms_p90: nine of ten waits are no longer than this.
        answered_ms: median, until the server has answered.
        rounds: number of waits that were measured.
    """

    interactive_ms: float
    interactive_ms_p90: float
    answered_ms: float
    rounds: int


@dataclass(frozen=True, slots=True)
class PageTimes:
    """All measurements of one dataset's pages.

    Attributes:
        games: number of games in the dataset.
        start_seconds: time from the command's start until the server answers.
        games_page: opening the games page, with nothing cached.
        filtered: choosing another filter, or another order, on the games page.
        pages: opening each of the further pages, by name.
        server_mb: resident memory of the server afterwards, in millions of bytes.
    """

    games: int
    start_seconds: float
    games_page: Waits
    filtered: Waits
    pages: Mapping[str, Waits]
    server_mb: float


@click.command(epilog=EXAMPLE)
@click.argument("dataset", default="dataset")
@click.option(
    "--rounds",
    type=click.IntRange(min=4),
    default=15,
    show_default=True,
    help="How often each wait is measured.",
)
@click.option(
    "--simulate",
    "num_games",
    type=click.IntRange(min=1),
    help=f"Instead of DATASET: a simulated manifest of this many games with {EVENTS_PER_GAME:,} events each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(dataset: str, *, rounds: int, num_games: int | None, as_json: bool) -> None:
    """Open DATASET's pages in headless Chromium and filter games, repeatedly; print the median waits.

    Times are the web browser's own: for a page, until its scripts have run and it is painted; for a filter,
    until the rows are there and the next frame is drawn.
    """
    with TemporaryDirectory(prefix="farm-measuring-") as folder:
        if num_games is not None:
            dataset = str(Path(folder) / "dataset")
            with waiting(f"making {num_games:,} games up"):
                simulate(Path(dataset), num_games)
        found = measure(dataset, rounds)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    table = Table("wait", "median", "9 of 10 within", "of it the server")
    every = {"games page": found.games_page, "filter or order": found.filtered, **found.pages}
    for name, waits in every.items():
        table.add_row(
            name,
            f"{waits.interactive_ms:,.0f} ms",
            f"{waits.interactive_ms_p90:,.0f} ms",
            f"{waits.answered_ms:,.0f} ms",
        )
    Console().print(table)
    click.echo(
        f"{found.games:,} games; the server was up after {found.start_seconds:.1f} s and holds "
        f"{found.server_mb:,.0f} MB"
    )


def measure(dataset: str, rounds: int) -> PageTimes:
    """Serve the dataset, open its games page in Chromium and filter it, `rounds` times each.

    Raises:
        EnvironmentFailed: there is no Chromium, the server does not start, or a page does not load.
    """
    before = time.monotonic()
    with _server(dataset) as (server, url):
        start_seconds = time.monotonic() - before
        with chromium() as browser:
            browser.get("about:blank")
            browser.execute_cdp_cmd("Network.enable", {})
            browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
            told = Console(stderr=True)
            quiet = not told.is_terminal
            opened = [
                _wait_for(browser, f"{url}/games", _STATUS)
                for _ in track(range(rounds), "opening", console=told, transient=True, disable=quiet)
            ]
            filtered = [
                _wait_for_choice(browser, k)
                for k in track(range(rounds), "filtering", console=told, transient=True, disable=quiet)
            ]
            pages = {
                name: _waits([_wait_for(browser, url + address, there) for _ in range(_ROUNDS)])
                for name, (address, there) in _PAGES.items()
            }
            browser.get(f"{url}/games")
            words = browser.find_element("css selector", "p[role=status]").text
        games = int(words.split()[0].replace(",", ""))
        return PageTimes(
            games, start_seconds, _waits(opened), _waits(filtered), pages, _resident_mb(server.pid)
        )


@contextmanager
def _server(dataset: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", "from farm.cli import main; main()", "browse", dataset, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            said = server.stderr.readline()
            if not said.startswith("http://"):
                message = f"`farm browse {dataset}` does not start: {said.strip()}"
                raise EnvironmentFailed(message)
            yield server, said.split()[0].rstrip("/")
        finally:
            server.kill()


def _wait_for_choice(browser: Chrome, number: int) -> tuple[float, float]:
    """Choose another value of a filter, or every fourth time another order, on the open page."""
    found = browser.execute_async_script(_CHOOSE, number)
    return float(found[0]), float(found[1])


def _wait_for(browser: Chrome, address: str, there: str) -> tuple[float, float]:
    """Open a page, and wait until an element that matches this selector exists."""
    browser.get(address)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := browser.execute_script(_READY, there):
            return float(found[0]), float(found[1])
        time.sleep(_POLL)
    message = f"{address} was not there within {SECONDS:.0f} s"
    raise EnvironmentFailed(message)


def _waits(found: Sequence[tuple[float, float]]) -> Waits:
    interactive = [each for each, _ in found]
    return Waits(
        median(interactive), quantiles(interactive, n=10)[-1], median(each for _, each in found), len(found)
    )


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6
