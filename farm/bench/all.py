"""`farm bench all`: every bench, one after the other, and one table of what they found."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from farm.bench._apart import FARM, said_by
from farm.bench._pictures_scratch import scratch_option
from farm.bench._report import MeasuredRows, ReportRow, markdown, with_generated
from farm.bench._report_sections import SECTIONS, Workplace, in_words, read
from farm.bench.state import gather
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.bench._report_sections import Section

EXAMPLE = """\b
Examples:
  farm bench all --quick
  farm bench all --peers ~/peers --mira ~/mira --out BENCHMARKS.md --plots plots
  farm bench all --only state --only peppi --peers ~/peers
"""
_PREPARE_SECONDS: Final = 1200.0
_QUICK_GAME, _GAME, _GAMES = 900, 3600, 3


@click.command(epilog=EXAMPLE)
@click.option("--quick", is_flag=True, help="Measure as little as will do: about five minutes in all.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([section.name for section in SECTIONS]),
    help="Run this bench alone; may be given again.",
)
@click.option(
    "--peers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of `farm bench peers`, with the other readers and loaders.",
)
@click.option(
    "--mira",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A checkout of MIRA, which you have fetched; it runs in the environment of --peers' torchcodec.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table into this file, between its two marks; the rest of the file stays.",
)
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=Path), help="Draw plots into this folder."
)
@scratch_option
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(
    *, quick: bool, only: tuple[str, ...], peers: Path | None, mira: Path | None, out: Path | None,
    plots: Path | None, scratch: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Run all benches, each in a process of its own with a deadline, and make one table of them.

    What fails, takes too long, or is not there has a row that says so. The machine should do nothing else.
    """
    if out is not None and only:
        message = "--out wants all rows: leave --only out, or take the table from the terminal"
        raise click.UsageError(message)
    if out is not None:
        with_generated(out.read_text() if out.exists() else "", "")  # refused now, and not after an hour
    # What is being measured runs in a group of its own, and must not outlive this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sections = [section for section in SECTIONS if section.name in (only or section.name)]
    errors = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        folders = {"peers": peers, "mira": mira, "plots": plots}
        absolute = {key: folder and folder.resolve() for key, folder in folders.items()}
        at = _workplace(Path(name).resolve(), quick=quick, **absolute)
        unmade = ""
        if any(_needs_dataset(section, at) for section in sections):
            with errors.status("making datasets to measure with"):
                unmade = _prepare(at)
        measured = _measure_all(sections, at, unmade, errors)
    table = markdown(measured)
    if out is not None:
        out.write_text(with_generated(out.read_text() if out.exists() else "", table))
    elif as_json:
        click.echo(json.dumps([asdict(one) for one in measured], indent=2))
    else:
        click.echo(table)


def _workplace(
    folder: Path, *, quick: bool, peers: Path | None, mira: Path | None, plots: Path | None
) -> Workplace:
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
    (folder / "replays").mkdir()
    replays = gather((), 1 if quick else 2, folder / "replays")
    return Workplace(
        folder / "set", folder / "states", tuple(replays), folder, quick, peers, mira,
        os.environ.get("SLIPPI_DOLPHIN"), plots,
    )  # fmt: skip


def _needs_dataset(section: Section, at: Workplace) -> bool:
    try:
        return bool({str(at.dataset), str(at.states)} & set(section.words(at)))
    except EnvironmentFailed:
        return False


def _prepare(at: Workplace) -> str:
    """Render a small dataset, and one of states alone; return what went wrong, or an empty text."""
    recorded = at.scratch / "recorded"
    recorded.mkdir()
    for seed in range(1 if at.is_quick else _GAMES):
        data = record_match(seed, num_frames=_QUICK_GAME if at.is_quick else _GAME)
        (recorded / f"{seed}.slp").write_bytes(data)
    source = ("--replays", str(recorded))
    orders: list[tuple[str, ...]] = [
        ("render", *source, "--out", str(at.dataset), "--emulator", "standin"),
        ("finalize", str(at.dataset)),
        ("states", *source, "--out", str(at.states)),
    ]
    if at.mira is not None:
        orders.append(("export", "mira", str(at.dataset), str(at.scratch / "mira"), "--size", "own"))
    try:
        for order in orders:
            said_by([*FARM, *order], _PREPARE_SECONDS)
    except EnvironmentFailed as problem:
        return f"farm {order[0]}: {problem}"
    return ""


def _measure_all(
    sections: Sequence[Section], at: Workplace, unmade: str, errors: Console
) -> list[MeasuredRows]:
    answers: dict[str, Any] = {}
    where = machine_and_date()
    measured = []
    for section in sections:
        with errors.status(f"measuring: {section.name}"):
            rows, command = _measure(section, at, answers, unmade)
        measured.append(MeasuredRows(command, where, tuple(rows)))
        if at.plots is not None and section.name == "scale" and "scale" in answers:
            from farm.bench._report_plot import draw_scale  # noqa: PLC0415 - matplotlib takes a second to load

            draw_scale(answers["scale"]["measured"], at.plots / "scale.png")
        errors.print(
            f"{section.name}: {rows[0].figure if rows else 'measured'}", markup=False, highlight=False
        )
    return measured


def _measure(
    section: Section, at: Workplace, answers: dict[str, Any], unmade: str
) -> tuple[list[ReportRow], str]:
    """Run one bench; return its rows, or one that says why there are none, and its command."""
    if at.is_quick and section.is_slow:
        return [ReportRow(section.name, "left out by --quick")], ""
    try:
        words = section.words(at)
    except EnvironmentFailed as absence:
        return [ReportRow(section.name, f"not measured: {absence}")], ""
    command = in_words(section.name, words, at)
    if unmade and _needs_dataset(section, at):
        return [ReportRow(section.name, f"not measured: {unmade}")], command
    try:
        said = said_by(words, section.quick_seconds if at.is_quick else section.whole_seconds)
        rows = read(section, said, answers)
    except (EnvironmentFailed, ValueError) as problem:
        return [ReportRow(section.name, f"failed: {problem}")], command
    at.answer(section.name).write_text(said)
    return rows, command


def machine_and_date(environment: Mapping[str, str] | None = None) -> str:
    """Say on what this process runs, and the day.

    Args:
        environment: variables; FARM_MACHINE, if it is set, says what the machine is.
    """
    given = (os.environ if environment is None else environment).get("FARM_MACHINE")
    cores = len(os.sched_getaffinity(0))
    return f"{given or f'{cores} cores, {_processor()}'}, {datetime.now(UTC).date()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
