"""Faults that only Slippi's Dolphin has: of its display and of the frame channel.

Each function returns whether it found something to strike.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.chaos.process_faults import send
from workers.emulator.frame_channel.picture_memory import NUM_SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.farm import ChaosFarm

_CHANNEL: Final = "DOLPHIN_FARM_CHANNEL_FD"
_PICTURES: Final = "DOLPHIN_FARM_PICTURES_FD"
_PIDFD_GETFD: Final = 438
"""Number of the system call, for which Python has no function."""
_PICTURE_BYTES: Final = 640 * 528 * 3 // 2


def kill_display(farm: ChaosFarm, chance: random.Random) -> bool:
    """Kill a display, which only Slippi's Dolphin has; the stand-in's Dolphin draws without one."""
    return send(farm.command.descendants("Xvfb"), signal.SIGKILL, chance)


def shut_channel(farm: ChaosFarm, chance: random.Random) -> bool:
    """End the channel of an emulator in both directions, as if the library in it had failed."""
    with _channel(farm, chance) as channel:
        if channel is not None:
            channel.shutdown(socket.SHUT_RDWR)
            return True
    return False


def garble_channel(farm: ChaosFarm, chance: random.Random) -> bool:
    """Put bytes between two records that are the beginning of none."""
    with _channel(farm, chance) as channel:
        if channel is not None:
            with suppress(BlockingIOError):
                return channel.send(chance.randbytes(64), socket.MSG_DONTWAIT) > 0
    return False


def blacken_pictures(farm: ChaosFarm, chance: random.Random) -> bool:
    """Overwrite the pictures of an emulator while they wait in the shared memory."""
    with suppress(OSError, IndexError):
        pid, descriptor = chance.choice(_descriptors(farm, _PICTURES))
        with Path(f"/proc/{pid}/fd/{descriptor}").open("r+b", buffering=0) as memory:
            slot_bytes = os.fstat(memory.fileno()).st_size // NUM_SLOTS
            for slot in range(NUM_SLOTS):
                os.pwrite(memory.fileno(), bytes(_PICTURE_BYTES), slot * slot_bytes)
        return True
    return False


@contextmanager
def _channel(farm: ChaosFarm, chance: random.Random) -> Iterator[socket.socket | None]:
    """Give a second descriptor of the end of the channel that some emulator has, or None if there is none."""
    found = None
    with suppress(OSError, IndexError):
        pid, descriptor = chance.choice(_descriptors(farm, _CHANNEL))
        handle = os.pidfd_open(pid)
        try:
            copy = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, handle, descriptor, 0)
        finally:
            os.close(handle)
        found = socket.socket(fileno=copy) if copy >= 0 else None
    try:
        yield found
    finally:
        if found is not None:
            found.close()


def _descriptors(farm: ChaosFarm, variable: str) -> list[tuple[int, int]]:
    """List emulators, each with the number of the descriptor that a variable of its environment names."""
    found = []
    for pid in farm.emulators():
        with suppress(OSError, ValueError):
            variables = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
            [number] = [
                one.partition(b"=")[2] for one in variables if one.startswith(f"{variable}=".encode())
            ]
            found.append((pid, int(number)))
    return found
