"""`farm export`: writes a dataset's windows in the formats of other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import click
from click.core import ParameterSource

from farm.terminal.picture_size import read_size
from farm.terminal.waiting import counted, waiting

if TYPE_CHECKING:
    from manifests.store.contract import Store

_UNBOUNDED = 1 << 60  # no limit: shards are written out one by one, and nothing is put into the cache

HEEDED: Final = {
    "webdataset": ("window", "stride", "shard_mb"),
    "mds": ("window", "stride", "shard_mb"),
    "zarr": ("window", "stride", "start", "scale"),
    "packed": ("fields",),
    "mira": ("size", "fps", "shard_mb"),
}
"""For each format, the options that it uses, by their parameter names, besides --split and --filter."""

_FOR_ALL: Final = ("split", "where")

EXAMPLE = """\b
Examples:
  farm export webdataset dataset shards --window 30
  farm export mds s3://bucket/melee mds --split train
  farm export packed dataset rows --field state --field action
  farm export zarr dataset small.zarr --window 16 --start any --stride 16 --scale 4
  farm export mira dataset shards --size 288x384 --fps 20
"""


def _for(option: str, text: str) -> str:
    """Put the formats that use an option in front of the option's help."""
    return f"{', '.join(form for form, heeded in HEEDED.items() if option in heeded)}: {text}"


@click.command(epilog=EXAMPLE)
@click.argument("form", metavar="FORMAT", type=click.Choice(list(HEEDED)))
@click.argument("dataset")
@click.argument("out")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help=_for("window", "pictures per sample."),
)
@click.option(
    "--stride",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help=_for("stride", "start a window at every n-th group of pictures, or see --start."),
)
@click.option(
    "--start",
    type=click.Choice(["gop", "any"]),
    default="gop",
    show_default=True,
    help=_for("start", "windows start at groups of pictures, or with any, every --stride frames."),
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
    help=_for("shard_mb", "size of a shard, in millions of bytes."),
)
@click.option(
    "--scale",
    type=click.IntRange(1, 80),
    default=1,
    show_default=True,
    help=_for("scale", "keep every n-th pixel of each row and column."),
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    default=("state", "action"),
    show_default=True,
    metavar="NAME",
    help=_for("fields", "a view or a column of the states; may be given again."),
)
@click.option(
    "--size",
    default="288x384",
    show_default=True,
    metavar="ROWSxCOLUMNS",
    help=_for("size", "size of the pictures, or own for that of DATASET."),
)
@click.option(
    "--fps",
    type=click.IntRange(min=1),
    help=_for("fps", "pictures a second, a divisor of those of DATASET.  [default: as many]"),
)
@click.pass_context
def command(
    context: click.Context, *, form: str, dataset: str, out: str, window: int, stride: int,
    start: Literal["gop", "any"],
    split: str | None, where: str | None, shard_mb: float, scale: int, fields: tuple[str, ...],
    size: str, fps: int | None,
) -> None:  # fmt: skip
    """Write the windows of DATASET into OUT (a folder or URL), in the FORMAT of another library.

    A window is a number of consecutive frames of one game. webdataset and mds (MosaicML Streaming) copy the
    video unchanged; zarr has decoded pictures. packed has no windows: it writes the states and inputs of all
    frames as .npy shards of rows, with an index. mira writes chunks of 4 s in the form that MIRA's loader,
    RocketScienceDataset, reads, a folder for each split. It copies the video if neither --size nor --fps
    changes the pictures; run it again to go on.

    OUT must be new or empty, except to continue an export for mira, and must lie outside of DATASET.
    """
    from manifests.exports.clips import read_clips  # noqa: PLC0415 - PyAV is in the extra `load`
    from manifests.exports.mds import write_mds  # noqa: PLC0415
    from manifests.exports.place import open_place  # noqa: PLC0415
    from manifests.exports.webdataset import write_webdataset  # noqa: PLC0415
    from manifests.exports.zarr import write_zarr  # noqa: PLC0415
    from manifests.ledger.dataset import read_description  # noqa: PLC0415
    from manifests.store.open import open_store  # noqa: PLC0415
    from manifests.training.open import open_dataset  # noqa: PLC0415
    from manifests.training.windows import WindowSpec  # noqa: PLC0415

    _refuse_unheeded(context, form)
    store = open_place(form, dataset, out)
    if form == "packed":
        done = _export_packed(dataset, store, split, where, fields)
        click.echo(f"{done}, in {out}")
        return
    if form == "mira":
        pictures = None if size == "own" else read_size(size)
        done = _export_mira(dataset, store, split, where, pictures, fps, shard_mb)
        click.echo(f"{done}, in {out}")
        return
    try:
        step = read_description(open_store(dataset)).picture_step
        spec = WindowSpec(window, stride=stride, frame_step=step, start=start)
        opened = open_dataset(dataset, window=spec, split=split, filter=where, as_torch=False)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    shard_bytes = round(shard_mb * 1e6)
    with waiting(f"writing {form}") as tell:
        if form == "zarr":
            count = write_zarr(opened, store, scale)
        else:
            write = write_webdataset if form == "webdataset" else write_mds
            count = write(counted(read_clips(opened), "windows written", tell), store, shard_bytes)
    click.echo(f"{count} windows of {window} frames in {out}")


def _refuse_unheeded(context: click.Context, form: str) -> None:
    """Refuse options that were given and that the format would silently ignore.

    Raises:
        click.UsageError: there is such an option; the message names those that the format uses.
    """
    flags = {option.name: option.opts[0] for option in context.command.params}
    heeded = (*HEEDED[form], *_FOR_ALL)
    for others in HEEDED.values():
        for name in others:
            if name not in heeded and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                kept = ", ".join(flags[one] for one in heeded)
                message = f"{form} does not heed {flags[name]}: leave it out. Its options are {kept}"
                raise click.UsageError(message)


def _export_packed(
    dataset: str, out: Store, split: str | None, where: str | None, fields: tuple[str, ...]
) -> str:
    from manifests.exports.packed import write_packed  # noqa: PLC0415 - with the others
    from manifests.training.cache import Cache  # noqa: PLC0415
    from manifests.training.fields import VIDEO  # noqa: PLC0415
    from manifests.training.open import open_dataset  # noqa: PLC0415
    from manifests.training.windows import WindowSpec  # noqa: PLC0415

    if VIDEO in fields:
        message = "packed has states and inputs alone, no pictures: leave out --field video"
        raise click.UsageError(message)
    try:
        opened = open_dataset(
            dataset, window=WindowSpec(1, start="any"), fields=fields, split=split, filter=where,
            cache=Cache(max_bytes=_UNBOUNDED), as_torch=False,
        )  # fmt: skip
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    with waiting("writing packed states") as tell:
        frames = write_packed(opened, out, lambda shards: tell(f"{shards} shards written"))
    row_bytes = opened.reader.states.layout.row_bytes
    return f"{frames} frames of {row_bytes} bytes, of {opened.games.num_rows} games"


def _export_mira(
    dataset: str, out: Store, split: str | None, where: str | None, size: tuple[int, int] | None,
    fps: int | None, shard_mb: float,
) -> str:  # fmt: skip
    from manifests.exports.mira.options import MiraOptions  # noqa: PLC0415 - with the others
    from manifests.exports.mira.pictures import check_rate  # noqa: PLC0415
    from manifests.exports.mira.shards import write_mira  # noqa: PLC0415
    from manifests.ledger.dataset import read_description  # noqa: PLC0415
    from manifests.state.schema import FRAMES_PER_SECOND  # noqa: PLC0415
    from manifests.training.open import open_dataset  # noqa: PLC0415
    from manifests.training.windows import WindowSpec  # noqa: PLC0415
    from workers.rendering.clip_encoder import ClipEncoder  # noqa: PLC0415

    try:
        opened = open_dataset(
            dataset, window=WindowSpec(1, start="any"), fields=["video"], split=split, filter=where,
            cache=None, as_torch=False,
        )  # fmt: skip
        video = read_description(opened.reader.store).video
        rate = fps or (FRAMES_PER_SECOND if video is None else video.fps)
        options = MiraOptions(size, rate, shard_bytes=round(shard_mb * 1e6))
        check_rate(opened, options)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    encoder = ClipEncoder.like(video)
    with waiting("writing MIRA's shards") as tell:
        done = write_mira(
            opened, out, options, encoder.encode, encoder.describe(),
            lambda games: tell(f"{games} games written"),
        )  # fmt: skip
    how = "copied" if done.is_copy else "resized and encoded"
    return f"{done.games} games in {done.chunks} chunks, {done.pictures:,} pictures {how}"
