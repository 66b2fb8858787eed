"""`farm latents`: stores an encoder's values for every picture in a side table that the loader joins."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING

import click

from farm.terminal.picture_size import read_size
from farm.terminal.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.latents.job import EncodeJob
    from manifests.latents.run import Encoded

EXAMPLE = """\b
Examples:
  farm latents dataset latents --encoder manifests.latents.toy:grid
  farm latents s3://bucket/melee latents --encoder my_vae:encode --device cuda:0 --size 288x384 --part 0/2
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.argument("out")
@click.option(
    "--encoder",
    required=True,
    metavar="MODULE:FUNCTION",
    help="A function from pictures, uint8 [N, 3, H, W], to N values of one shape.",
)
@click.option(
    "--device",
    help="Give the encoder tensors on this device, such as cpu or cuda:0.  [default: NumPy arrays]",
)
@click.option("--size", metavar="ROWSxCOLUMNS", help="Resize while decoding.  [default: as they are]")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="Pictures in one call of the encoder; a multiple of 30 is fastest.",
)
@click.option(
    "--part",
    default="0/1",
    show_default=True,
    metavar="K/N",
    help="Encode only every N-th chunk, from the K-th on, as one of N processes.",
)
@click.option(
    "--ray",
    "ray_workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Encode on N workers of Ray Data, each with a GPU if --device is cuda.",
)
@click.option("--note", help="What else decides the values, such as the weights' version; kept in the table.")
@click.option("--split", help="Only this split: train, val or test.  [default: all]")
@click.option(
    "--filter", "where", help="Only games that meet this condition, such as \"stage == 'BATTLEFIELD'\"."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *, dataset: str, out: str, encoder: str, device: str | None, size: str | None, batch: int, part: str,
    ray_workers: int | None, note: str | None, split: str | None, where: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Run an encoder over every picture of DATASET, and write its values into the side table OUT.

    The loader joins the table by game and frame: open_dataset(DATASET, join={"latent": OUT}). DATASET and OUT
    are folders or URLs. One table serves every split and selection. Run it again to go on; chunks that are
    done are left as they are.
    """
    from manifests.latents.job import EncodeJob  # noqa: PLC0415 - PyAV is in the extra `load`

    number, parts = _read_part(part)
    # The folder comes last on the path, so that none of its files hides a module of ours.
    sys.path.append(os.getcwd())  # noqa: PTH109 - sys.path holds text
    job = EncodeJob(
        dataset, out, encoder, device, None if size is None else read_size(size), batch, note, split, where
    )
    try:
        with waiting("encoding pictures") as tell:
            done = _encode(job, number, parts, ray_workers, tell)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(done)))
    else:
        before = f"; {done.chunks_done_before} chunks were done before" if done.chunks_done_before else ""
        click.echo(f"{done.pictures:,} pictures of {done.chunks} chunks encoded in {out}{before}")


def _encode(
    job: EncodeJob, part: int, parts: int, ray_workers: int | None, tell: Callable[[str], object]
) -> Encoded:
    def on_chunk(pictures: int) -> None:
        tell(f"{pictures:,} pictures encoded")

    if ray_workers is not None:
        from manifests.latents.ray_encode import encode_with_ray  # noqa: PLC0415 - Ray is an extra

        num_gpus = 1 if (job.device or "").startswith("cuda") else 0
        return encode_with_ray(job, ray_workers, num_gpus, on_chunk)
    from manifests.latents.run import ChunkEncoder, encode_chunks  # noqa: PLC0415 - with EncodeJob

    encoder = ChunkEncoder(job)
    return encode_chunks(encoder, range(part, encoder.num_chunks, parts), on_chunk)


def _read_part(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal()) or int(part) >= int(parts):
        message = f"--part is K/N, and K counts from 0, such as 0/4; got {text!r}"
        raise click.UsageError(message)
    return int(part), int(parts)
