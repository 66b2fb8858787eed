"""`farm audit`: checks whether a dataset holds what its records say."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from farm.amounts import number_of
from farm.settings import load_settings
from farm.terminal.options import slippi_options
from farm.terminal.share import Percentage
from manifests.audit.audit import audit
from manifests.audit.findings import Depth, Report
from manifests.ledger.dataset import read_description
from manifests.store.canonical_json import to_plain
from manifests.store.open import open_store
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from farm.rerender import Rerendered
    from manifests.audit.pair_checks import VideoCheck, Witness
    from manifests.ledger.dataset import DatasetDescription

EXAMPLE = """\b
Examples:
  farm audit dataset
  farm audit dataset --depth decode --sample 1%
  farm audit dataset --orphans --json
  farm audit dataset --rerender 0.1%
"""
MAX_PRINTED: Final = 50
SOMETHING_IS_WRONG: Final = 1


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option(
    "--depth",
    type=click.Choice([depth.name.lower() for depth in Depth]),
    default="checksum",
    show_default=True,
    help="How deep to look; each depth includes those before it.",
)
@click.option(
    "--sample",
    type=Percentage(),
    default="100%",
    help="Share of the pairs to look into.  [default: all]",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of the sample; the same seed takes the same pairs.",
)
@click.option("--orphans", is_flag=True, help="Name the objects that no ledger entry names.")
@click.option(
    "--rerender",
    "again",
    type=Percentage(),
    help="Also render this share of the games again, at least one, and compare every byte.",
)
@slippi_options
@click.option(
    "--threads", type=click.IntRange(min=1), default=4, show_default=True, help="Files read at a time."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def command(
    *,
    dataset: str,
    depth: str,
    sample: float,
    seed: int,
    orphans: bool,
    again: float | None,
    threads: int,
    as_json: bool,
    **slippi: Any,
) -> None:
    """Check that DATASET (a folder, a URL, or a downloaded copy) holds what its own records say.

    listing: every object exists with its recorded size, and records agree. checksum: every object has its
    recorded bytes. structure: packets, rows, key frames and byte ranges fit. decode: every picture shows its
    row's slp_frame, the pictures move as the state says, and the system's ffmpeg, which did not write the
    videos, finds each video correct.

    Exit status: 0 all holds, 1 something is wrong, 2 the dataset could not be audited.
    """
    console = Console(stderr=True)
    with console.status("auditing") as status:
        report = audit(
            open_store(dataset),
            Depth[depth.upper()],
            sample=sample,
            seed=seed,
            num_threads=threads,
            on_pair=lambda number: status.update(f"auditing: {number:,} pairs"),
            witness=_motion_witness(),
            video_check=_independent_check(),
        )
    rerendered = [] if again is None else _rerender(dataset, again, seed, slippi)
    differences = [f"{game.game_id}: {line}" for game in rerendered for line in game.differences]
    if as_json:
        click.echo(_as_json(report, rerendered))
    else:
        _print(report, Console(), with_orphans=orphans)
        if rerendered:
            num_objects = sum(game.num_objects for game in rerendered)
            click.echo(f"rerendered: {number_of(len(rerendered), 'game')}, {num_objects:,} objects compared")
            click.echo("\n".join(differences) or "every byte is the same")
    if differences or not report.holds:
        sys.exit(SOMETHING_IS_WRONG)


def _motion_witness() -> Callable[[DatasetDescription], Witness] | None:
    """Return the check by motion, if OpenCV is installed; machines that only read need not have it."""
    try:
        from workers.align.motion.witness import MotionWitness  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    return lambda description: MotionWitness(description.picture_delay_frames, description.picture_step)


def _independent_check() -> VideoCheck | None:
    """Return the check by the system's ffmpeg, if installed; machines that only read need not have it."""
    try:
        from workers.rendering.independent_check import check_video, is_available  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    return check_video if is_available() else None


def _rerender(dataset: str, share: float, seed: int, slippi: Mapping[str, Any]) -> list[Rerendered]:
    from farm.rerender import rerender  # noqa: PLC0415 - brings the render side along, which audits need not

    emulator = read_description(open_store(dataset)).emulator
    fixed: dict[str, Any] = {"emulator": emulator, "replays": (), "out": dataset}
    if emulator != "slippi":
        # An environment variable may name them for other datasets.
        fixed |= {"game_image": None, "slippi_dolphin": None}
    settings = load_settings(slippi, os.environ, **fixed)
    with Console(stderr=True).status("rendering again") as status:
        return list(
            rerender(
                dataset,
                share,
                seed=seed,
                slippi=settings.slippi(),
                on_game=lambda done, of: status.update(f"rendering again: {done:,} of {of:,} games"),
            )
        )


def _as_json(report: Report, rerendered: list[Rerendered]) -> str:
    again = [to_plain(game) for game in rerendered]
    plain = {
        **to_plain(report), "depth": report.depth.name.lower(), "holds": report.holds, "rerendered": again
    }  # fmt: skip
    return json.dumps(plain, indent=2)


def _print(report: Report, console: Console, *, with_orphans: bool) -> None:
    facts = [
        number_of(report.num_games, "game"),
        number_of(report.num_chunks, "pair"),
        f"{report.num_set_aside:,} set aside",
        f"{report.num_pending:,} pending",
    ]
    if report.depth > Depth.LISTING:
        facts.append(f"{report.num_sampled:,} pairs looked into")
        facts.append(f"{report.num_bytes:,} bytes hashed")
    if report.depth is Depth.DECODE:
        facts.append(f"{report.num_frames:,} frames decoded")
        facts.append(f"motion told of {report.num_witnessed:,} pairs")
        facts.append(f"{report.num_independently_checked:,} videos checked by the system's ffmpeg")
    click.echo(f"{report.depth.name.lower()}: {', '.join(facts)}")
    if report.num_frames and not report.num_independently_checked:
        click.echo("no ffmpeg is installed, so no other program checked the videos: apt-get install ffmpeg")
    if report.num_unlisted:
        click.echo(f"{report.num_unlisted:,} games are newer than the manifests; run farm finalize")
    if report.findings:
        console.print(_findings(report))
    if len(report.findings) > MAX_PRINTED:
        click.echo(f"... and {len(report.findings) - MAX_PRINTED:,} more; --json has them all")
    _print_unnamed(report, with_orphans=with_orphans)
    if report.holds:
        click.echo("all holds")
        return
    click.echo("to render a damaged game again: farm retry DATASET --game GAME_ID --force, then farm render")
    count = len(report.findings)
    click.echo("1 thing is wrong" if count == 1 else f"{count:,} things are wrong")


def _print_unnamed(report: Report, *, with_orphans: bool) -> None:
    """Print the objects that exist but that no record names; these are no errors."""
    if with_orphans:
        for orphan in report.orphans:
            click.echo(f"orphan ({orphan.owner}): {shown(orphan.key)}, {orphan.size_bytes:,} bytes")
    elif report.orphans:
        click.echo(f"{len(report.orphans):,} objects are named by no ledger entry; --orphans names them")
    for key in report.strangers[:MAX_PRINTED]:
        click.echo(f"none of the dataset's: {shown(key)}")
    if len(report.strangers) > MAX_PRINTED:
        click.echo(f"... and {len(report.strangers) - MAX_PRINTED:,} more; --json has them all")


def _findings(report: Report) -> Table:
    table = Table("what")
    table.add_column("object", overflow="fold")  # a key that is cut short would identify nothing
    table.add_column("found", overflow="fold")
    for finding in report.findings[:MAX_PRINTED]:
        table.add_row(finding.kind.value, Text(shown(finding.key)), Text(shown(finding.detail)))
    return table
