"""Faults of files and S3 objects of a farm; each function returns whether it found something to strike."""

from __future__ import annotations

import os
import random
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.process_faults import PAUSE_SECONDS
from tests.live_folders import paths_below
from tests.s3_server.fault_proxy import FULL, FaultPlan

if TYPE_CHECKING:
    from tests.chaos.farm import ChaosFarm

_STOLEN_BYTES = 4096
_PIPE_SECONDS = 2.0
_FIRST_OWN_DESCRIPTOR = 3


def kill_s3(farm: ChaosFarm, _: random.Random) -> bool:
    farm.s3.kill()
    time.sleep(PAUSE_SECONDS)
    farm.s3.start()
    return True


def pause_s3(farm: ChaosFarm, _: random.Random) -> bool:
    farm.s3.stop()
    time.sleep(PAUSE_SECONDS)
    farm.s3.go_on()
    return True


def take_port(farm: ChaosFarm, _: random.Random) -> bool:
    """Kill the S3 server, and let something that never answers have its port until the server is back."""
    farm.s3.kill()
    with socket.create_server(("127.0.0.1", farm.s3.port)):
        time.sleep(2 * PAUSE_SECONDS)
    farm.s3.start()
    return True


def spoil_network(farm: ChaosFarm, chance: random.Random) -> bool:
    farm.proxy.plan = FaultPlan(share=0.2, stall_seconds=2.0, seed=chance.randrange(1000))
    time.sleep(2 * PAUSE_SECONDS)
    farm.proxy.plan = FaultPlan()
    return True


def fill_dataset(farm: ChaosFarm, _: random.Random) -> bool:
    """Let the dataset's S3 server refuse every put, as a server does that has no room or quota left."""
    before = sum(farm.proxy.counts[fault] for fault in FULL)
    farm.proxy.plan = FaultPlan(share=1.0, only=FULL)
    deadline = time.monotonic() + 5 * PAUSE_SECONDS
    while time.monotonic() < deadline and sum(farm.proxy.counts[fault] for fault in FULL) == before:
        time.sleep(0.1)
    time.sleep(PAUSE_SECONDS)
    farm.proxy.plan = FaultPlan()
    return sum(farm.proxy.counts[fault] for fault in FULL) > before


def corrupt_scratch(farm: ChaosFarm, chance: random.Random) -> bool:
    """Flip a byte of some file in scratch, such as an emulator's image or a video that is being written."""
    files = [path for path in paths_below(farm.scratch) if path.is_file() and not path.is_symlink()]
    with suppress(OSError, IndexError):
        path = chance.choice(files)
        with path.open("r+b") as file:
            file.seek(chance.randrange(max(path.stat().st_size, 1)))
            byte = file.read(1) or b"\0"
            file.seek(-len(byte), os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0xFF]))
        return True
    return False


def delete_scratch_file(farm: ChaosFarm, chance: random.Random) -> bool:
    files = [path for path in paths_below(farm.scratch) if path.is_file() or path.is_fifo()]
    with suppress(OSError, IndexError):
        chance.choice(files).unlink()
        return True
    return False


def fill_scratch(farm: ChaosFarm, _: random.Random) -> bool:
    """Fill the file system of scratch, which is a small one of its own where one can be mounted."""
    if not farm.has_small_scratch:
        return False
    block = farm.scratch.parent / "block"
    with suppress(OSError), block.open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
    time.sleep(PAUSE_SECONDS)
    block.unlink()
    return True


def break_pipe(farm: ChaosFarm, chance: random.Random) -> bool:
    """Take bytes out of the middle of the pipe through which an emulator hands over its pictures."""
    with suppress(OSError, IndexError, ValueError):
        emulator = chance.choice(farm.emulators())
        pictures = os.open(_picture_pipe(emulator), os.O_RDONLY | os.O_NONBLOCK)
        try:
            deadline = time.monotonic() + _PIPE_SECONDS
            while time.monotonic() < deadline:
                with suppress(BlockingIOError):
                    return bool(os.read(pictures, _STOLEN_BYTES))
        finally:
            os.close(pictures)
    return False


def _picture_pipe(emulator: int) -> Path:
    """The one pipe that the emulator's process has besides its output.

    Raises:
        OSError, ValueError: the process has no such pipe yet, or has ended.
    """
    folder = Path("/proc") / str(emulator) / "fd"
    ends = {}
    for path in folder.iterdir():
        with suppress(OSError):
            ends[path] = str(path.readlink())
    output = {end for path, end in ends.items() if int(path.name) < _FIRST_OWN_DESCRIPTOR}
    [pictures] = [path for path, end in ends.items() if end.startswith("pipe:") and end not in output]
    return pictures
