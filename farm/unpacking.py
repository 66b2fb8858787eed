"""Unpacks, once for a run, the replays in archives where reading one means reading all before it.

To reach one member of a .tar.gz, everything before it is decompressed, about 0.0125 s a replay. Games are
rendered in order of their ids, so a run of 22,000 games from one such archive would decompress for weeks.
Therefore the archive is walked once, and each replay that the run needs is written to scratch as a file of
its own, compressed anew.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from workers.errors import ReplayRefused
from workers.replay.locator import path_locator, place_of
from workers.replay.source import archive_members, at_hand, is_slow
from workers.scratch import make_base, own_folder_in, scratch, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from farm.run_outcome import PlannedWork
    from workers.job import RenderTask
    from workers.replay.archive_walk import Member

_FOLDER: Final = "unpacked"
_SHARE_OF_FREE: Final = 0.5  # of the free disk space; the rest is for other programs
# Least number of replays to unpack from an archive; a single one is read just as fast from the archive.
_WORTHWHILE: Final = 2

Steps = tuple[tuple[str, int], ...]


@contextmanager
def unpacked(work: PlannedWork, base: Path | None, most_bytes: int | None = None) -> Iterator[PlannedWork]:
    """Give the same work with its replays unpacked to scratch files, which are removed afterwards.

    Replays that do not fit, or that cannot be unpacked, are read from their archive.

    Args:
        work: what a run on this machine is to do.
        base: the folder for temporary files; None for one on the disk of $TMPDIR or /tmp, not in memory.
        most_bytes: the most bytes to write; None for half of the disk's free space.

    Raises:
        EnvironmentFailed: no folder can be made there.
    """
    wanted = _in_slow_archives(work.tasks)
    if not wanted:
        yield work
        return
    base = base or own_folder_in(Path(tempfile.gettempdir()))
    make_base(base)
    sweep(base / _FOLDER)  # files left by a run that was killed
    with scratch(base / _FOLDER) as folder:
        room = int(shutil.disk_usage(folder).free * _SHARE_OF_FREE) if most_bytes is None else most_bytes
        places: dict[str, str] = {}
        for archive, tasks in wanted.items():
            # A job that reads such a replay from the archive reports the same error.
            with suppress(ReplayRefused, OSError):
                for game_id, path in _unpack(Path(archive), tasks, folder, room):
                    places[game_id] = path_locator(str(path))
                    room -= path.stat().st_size
        yield replace(
            work,
            tasks=tuple(
                replace(task, place=places.get(task.game.game_id, task.place)) for task in work.tasks
            ),
        )


def _in_slow_archives(tasks: tuple[RenderTask, ...]) -> dict[str, dict[Steps, str]]:
    """Map each archive that is worth unpacking to its games: from the steps to a replay to its game_id."""
    found: dict[str, dict[Steps, str]] = defaultdict(dict)
    for task in tasks:
        place = place_of(task.place or task.game.source)
        if is_slow(place):
            place = at_hand(place)
            found[place.path][place.steps] = task.game.game_id
    return {archive: wanted for archive, wanted in found.items() if len(wanted) >= _WORTHWHILE}


def _unpack(
    archive: Path, wanted: Mapping[Steps, str], folder: Path, room: int
) -> Iterator[tuple[str, Path]]:
    """Write the wanted replays of an archive into the folder; yield the game_id and path of each."""
    num_left = len(wanted)
    members = archive_members(archive)
    for member in members:
        packed = _packed(member) if member.steps in wanted else None
        if packed is None:
            continue
        if len(packed) > room:
            return
        game_id = wanted[member.steps]
        path = folder / f"{game_id}.slp.zst"
        path.write_bytes(packed)
        room -= len(packed)
        num_left -= 1
        yield game_id, path
        if not num_left:
            return


def _packed(member: Member) -> bytes | None:
    if not isinstance(member.content, bytes):
        return None
    packed: bytes = pa.Codec("zstd", compression_level=1).compress(member.content, asbytes=True)
    return packed
