"""`farm bench all`: runs every bench, one after another, and makes one table of the results."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from farm.bench._apart import FARM, said_by
from farm.bench._kept_answers import KeptAnswer, KeptAnswers
from farm.bench._pictures_scratch import scratch_option
from farm.bench._report import MeasuredRows, ReportRow, markdown, with_generated
from farm.bench._report_sections import SECTIONS, Workplace, in_words, read
from farm.bench.state import gather
from manifests.store.open import open_store
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
  farm bench all --keep ~/answers --only capture; farm bench all --keep ~/answers --out BENCHMARKS.md
"""
_PREPARE_SECONDS: Final = 1200.0
_QUICK_GAME, _GAME, _GAMES = 900, 3600, 3


@click.command(epilog=EXAMPLE)
@click.option("--quick", is_flag=True, help="Measure only briefly: about five minutes in all.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([section.name for section in SECTIONS]),
    help="Run this bench alone; may be given again. With --keep it is measured anew.",
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
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what each bench found in this folder. What lies there already is not measured again.",
)
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=Path), help="Draw plots into this folder."
)
@scratch_option
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(
    *, quick: bool, only: tuple[str, ...], peers: Path | None, mira: Path | None, out: Path | None,
    keep: Path | None, plots: Path | None, scratch: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Run all benches, each in a process of its own with a deadline, and make one table of the results.

    A bench that fails, takes too long, or lacks something has a row that says so. The machine should do
    nothing else meanwhile. With --keep a report can be made in several sittings: the table has all rows that
    were ever kept there.
    """
    if out is not None and only and keep is None:
        message = "--out wants all rows: leave --only out, add --keep, or take the table from the terminal"
        raise click.UsageError(message)
    if out is not None:
        # A bad report is refused now, and not after an hour.
        with_generated(out.read_text() if out.exists() else "", "")
    # The programs that are measured run in process groups of their own, and must not outlive this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    kept = None if keep is None else KeptAnswers(open_store(keep), is_quick=quick)
    try:
        orders = _orders(only, kept)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    errors = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        folders = {"peers": peers, "mira": mira, "plots": plots}
        absolute = {key: folder and folder.resolve() for key, folder in folders.items()}
        at = _workplace(Path(name).resolve(), quick=quick, **absolute)
        unmade = ""
        if any(_needs_dataset(order.section, at) for order in orders if order.kept is None):
            with errors.status("making datasets to measure with"):
                unmade = _prepare(at)
        measured = _measure_all(orders, at, unmade, kept, errors)
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
    """Render a small dataset, and make one of states alone; return what went wrong, or an empty text."""
    recorded = at.scratch / "recorded"
    recorded.mkdir()
    for seed in range(1 if at.is_quick else _GAMES):
        data = record_match(seed, num_frames=_QUICK_GAME if at.is_quick else _GAME)
        (recorded / f"{seed}.slp").write_bytes(data)
    # All games in one split: in three, the few games would fall by chance, and MIRA reads the split train.
    source = ("--replays", str(recorded), "--val", "0", "--test", "0")
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


@dataclass(frozen=True, slots=True)
class _Order:
    """A bench that has a place in the table, and its answer from an earlier run if that can be used."""

    section: Section
    kept: KeptAnswer | None


def _orders(only: Sequence[str], kept: KeptAnswers | None) -> list[_Order]:
    """Choose the benches of this run; with a folder of kept answers also the benches kept there.

    Raises:
        ValueError: a kept answer is damaged.
    """
    found = []
    for section in SECTIONS:
        before = None if kept is None or section.name in only else kept.get(section.name)
        if before is not None or not only or section.name in only:
            found.append(_Order(section, before))
    return found


def _measure_all(
    orders: Sequence[_Order], at: Workplace, unmade: str, kept: KeptAnswers | None, errors: Console
) -> list[MeasuredRows]:
    answers: dict[str, Any] = {}
    measured = []
    for order in orders:
        name = order.section.name
        with errors.status(f"measuring: {name}"):
            rows = (
                _measure(order.section, at, answers, unmade, kept)
                if order.kept is None
                else _kept_rows(order.section, order.kept, at, answers)
            )
        measured.append(rows)
        if at.plots is not None and name == "scale" and name in answers:
            from farm.bench._report_plot import draw_scale  # noqa: PLC0415 - matplotlib takes a second to load

            draw_scale(answers[name]["measured"], at.plots / "scale.png")
        figure = rows.rows[0].figure if rows.rows else "measured"
        errors.print(f"{name}: {figure}", markup=False, highlight=False)
    return measured


def _measure(
    section: Section, at: Workplace, answers: dict[str, Any], unmade: str, kept: KeptAnswers | None
) -> MeasuredRows:
    """Run one bench; return its rows, or one row that says why there are none."""
    where = machine_and_date()

    def without(why: str, command: str = "") -> MeasuredRows:
        return MeasuredRows(command, where, (ReportRow(section.name, why),))

    if at.is_quick and section.is_slow:
        return without("left out by --quick")
    try:
        words = section.words(at)
    except EnvironmentFailed as absence:
        return without(f"not measured: {absence}")
    command = in_words(section.name, words, at)
    if unmade and _needs_dataset(section, at):
        return without(f"not measured: {unmade}", command)
    try:
        said = said_by(words, section.quick_seconds if at.is_quick else section.whole_seconds)
        answer = KeptAnswer(command, where, said)
        rows = _rows_of(section, answer, at, answers)
    except (EnvironmentFailed, ValueError) as problem:
        return without(f"failed: {problem}", command)
    if kept is not None:
        kept.put(section.name, answer)
    return rows


def _kept_rows(section: Section, kept: KeptAnswer, at: Workplace, answers: dict[str, Any]) -> MeasuredRows:
    try:
        return _rows_of(section, kept, at, answers)
    except ValueError as problem:
        why = f"kept by another version: {problem}; measure it again by --only {section.name!r}"
        return MeasuredRows(kept.command, kept.machine_and_date, (ReportRow(section.name, why),))


def _rows_of(section: Section, answer: KeptAnswer, at: Workplace, answers: dict[str, Any]) -> MeasuredRows:
    """Make the rows from a bench's answer, and leave the answer for the benches after it.

    Raises:
        ValueError: the answer is not of the expected form.
    """
    rows = read(section, answer.said, answers)
    at.answer(section.name).write_text(answer.said)
    return MeasuredRows(answer.command, answer.machine_and_date, tuple(rows))


def machine_and_date(environment: Mapping[str, str] | None = None) -> str:
    """Return the machine that this process runs on, and the day, in words.

    Args:
        environment: environment variables; FARM_MACHINE, if it is set, describes the machine.
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
