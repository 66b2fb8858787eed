"""`farm export`: windows in other people's formats, in a stream."""

from __future__ import annotations

from typing import Literal

import click

from farm.terminal.waiting import counted, waiting

EXAMPLE = """\b
Examples:
  farm export webdataset dataset shards --window 30
  farm export mds s3://bucket/melee mds --split train
  farm export zarr dataset small.zarr --window 16 --start any --stride 16 --scale 4
"""


@click.command(epilog=EXAMPLE)
@click.argument("form", metavar="FORMAT", type=click.Choice(["webdataset", "mds", "zarr"]))
@click.argument("dataset")
@click.argument("out")
@click.option(
    "--window", type=click.IntRange(min=1), default=30, show_default=True, help="Frames per sample."
)
@click.option(
    "--stride",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Start a window at every n-th place where one may start (every 30 frames, or see --start).",
)
@click.option(
    "--start",
    type=click.Choice(["gop", "any"]),
    default="gop",
    show_default=True,
    help="zarr: start windows at groups of pictures, or, with any, at every n-th frame (n is --stride).",
)
@click.option("--split", help="Only this split: train, val or test.  [default: all]")
@click.option(
    "--filter", "where", help="Only games that meet this condition, such as \"stage == 'BATTLEFIELD'\"."
)
@click.option(
    "--shard-mb",
    type=click.FloatRange(min=0.01),
    default=256.0,
    show_default=True,
    help="webdataset, mds: size of a shard, in millions of bytes.",
)
@click.option(
    "--scale",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="zarr: keep every n-th pixel of each row and column.",
)
def command(
    *, form: str, dataset: str, out: str, window: int, stride: int, start: Literal["gop", "any"],
    split: str | None, where: str | None, shard_mb: float, scale: int,
) -> None:  # fmt: skip
    """Write the windows of DATASET into OUT (a folder or URL), in the FORMAT of another library.

    FORMAT is webdataset, mds (MosaicML Streaming) or zarr. The first two carry the video as it is, copied;
    zarr carries decoded pictures. A window is a number of consecutive frames of one game.
    """
    from manifests.exports.clips import read_clips  # noqa: PLC0415 - PyAV is in the extra `load`
    from manifests.exports.mds import write_mds  # noqa: PLC0415
    from manifests.exports.webdataset import write_webdataset  # noqa: PLC0415
    from manifests.exports.zarr import write_zarr  # noqa: PLC0415
    from manifests.store.open import open_store  # noqa: PLC0415
    from manifests.training.open import open_dataset  # noqa: PLC0415
    from manifests.training.windows import WindowSpec  # noqa: PLC0415

    if start == "any" and form != "zarr":
        message = f"{form} copies packets, so its windows start at groups of pictures: leave out --start any"
        raise click.UsageError(message)
    try:
        spec = WindowSpec(window, stride=stride, start=start)
        opened = open_dataset(dataset, window=spec, split=split, filter=where, as_torch=False)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    store, shard_bytes = open_store(out), round(shard_mb * 1e6)
    with waiting(f"writing {form}") as tell:
        if form == "zarr":
            count = write_zarr(opened, store, scale)
        else:
            write = write_webdataset if form == "webdataset" else write_mds
            count = write(counted(read_clips(opened), "windows written", tell), store, shard_bytes)
    shown = opened.index.grid.share_seen(spec)
    click.echo(f"{count} windows of {window} frames in {out}; they show {shown:.1%} of the frames")
