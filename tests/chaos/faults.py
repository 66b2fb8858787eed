"""What is done to a farm at work: each fault is one call, which begins it and where it can ends it again."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.s3_server.fault_proxy import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.farm import ChaosFarm

PAUSE_SECONDS: Final = 3.0


def _send(pids: list[int], number: signal.Signals, chance: random.Random) -> None:
    if pids:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), number)


def _pause(pids: list[int], chance: random.Random) -> None:
    """Stop a process for a while, and let it go on."""
    if not pids:
        return
    pid = chance.choice(pids)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        os.kill(pid, signal.SIGCONT)


def kill_dolphin(farm: ChaosFarm, chance: random.Random) -> None:
    _send(farm.emulators(), signal.SIGKILL, chance)


def segv_dolphin(farm: ChaosFarm, chance: random.Random) -> None:
    _send(farm.emulators(), signal.SIGSEGV, chance)


def pause_dolphin(farm: ChaosFarm, chance: random.Random) -> None:
    _pause(farm.emulators(), chance)


def kill_slot(farm: ChaosFarm, chance: random.Random) -> None:
    _send(farm.slots(), signal.SIGKILL, chance)


def pause_slot(farm: ChaosFarm, chance: random.Random) -> None:
    _pause(farm.slots(), chance)


def kill_node(farm: ChaosFarm, chance: random.Random) -> None:
    farm.kill_node(chance)


def drain_node(farm: ChaosFarm, chance: random.Random) -> None:
    farm.drain_node(chance)


def pause_head(farm: ChaosFarm, chance: random.Random) -> None:
    _pause(farm.head(), chance)


def kill_driver(farm: ChaosFarm, _: random.Random) -> None:
    farm.kill_driver(signal.SIGKILL)


def hang_up_driver(farm: ChaosFarm, _: random.Random) -> None:
    farm.kill_driver(signal.SIGHUP)


def pause_driver(farm: ChaosFarm, chance: random.Random) -> None:
    _pause(farm.drivers(), chance)


def kill_s3(farm: ChaosFarm, _: random.Random) -> None:
    farm.s3.kill()
    time.sleep(PAUSE_SECONDS)
    farm.s3.start()


def pause_s3(farm: ChaosFarm, _: random.Random) -> None:
    farm.s3.stop()
    time.sleep(PAUSE_SECONDS)
    farm.s3.go_on()


def spoil_network(farm: ChaosFarm, chance: random.Random) -> None:
    farm.proxy.plan = FaultPlan(share=0.2, stall_seconds=2.0, seed=chance.randrange(1000))
    time.sleep(2 * PAUSE_SECONDS)
    farm.proxy.plan = FaultPlan()


def corrupt_scratch(farm: ChaosFarm, chance: random.Random) -> None:
    """Flip a byte of whatever lies in scratch: an emulator's image, a video that is being written."""
    files = [path for path in farm.scratch.rglob("*") if path.is_file() and not path.is_symlink()]
    if not files:
        return
    with suppress(OSError):
        path = chance.choice(files)
        with path.open("r+b") as file:
            file.seek(chance.randrange(max(path.stat().st_size, 1)))
            byte = file.read(1) or b"\0"
            file.seek(-len(byte), os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0xFF]))


def delete_scratch_file(farm: ChaosFarm, chance: random.Random) -> None:
    files = [path for path in farm.scratch.rglob("*") if path.is_file() or path.is_fifo()]
    with suppress(OSError, IndexError):
        chance.choice(files).unlink()


def fill_scratch(farm: ChaosFarm, _: random.Random) -> None:
    """Leave no room on the file system of scratch, which is a small one of its own where that can be made."""
    if not farm.has_small_scratch:
        return
    block = farm.scratch.parent / "block"
    with suppress(OSError), block.open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
    time.sleep(PAUSE_SECONDS)
    block.unlink()


def start_second_run(farm: ChaosFarm, _: random.Random) -> None:
    farm.start_driver()


FAULTS: Final[dict[str, Callable[[ChaosFarm, random.Random], None]]] = {
    fault.__name__: fault
    for fault in (
        kill_dolphin, segv_dolphin, pause_dolphin, kill_slot, pause_slot, kill_node, drain_node, pause_head,
        kill_driver, hang_up_driver, pause_driver, kill_s3, pause_s3, spoil_network, corrupt_scratch,
        delete_scratch_file,
        fill_scratch, start_second_run,
    )
}  # fmt: skip


def schedule(seed: int, num_faults: int, num_games: int) -> list[tuple[int, str]]:
    """Which faults strike, each after how many games are done; the same seed gives the same schedule."""
    chance = random.Random(seed)
    names = chance.sample(list(FAULTS), min(num_faults, len(FAULTS)))
    return sorted((chance.randrange(num_games), name) for name in names)
