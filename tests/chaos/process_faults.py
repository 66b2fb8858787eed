"""Faults of processes and machines; each function returns whether it found something to strike."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.chaos.farm import ChaosFarm

PAUSE_SECONDS: Final = 3.0


def send(pids: list[int], number: signal.Signals, chance: random.Random) -> bool:
    """Send a signal to one of some processes."""
    with suppress(ProcessLookupError, IndexError):
        os.kill(chance.choice(pids), number)
        return True
    return False


def _pause(pids: list[int], chance: random.Random) -> bool:
    """Suspend a process for a while, then let it go on."""
    with suppress(ProcessLookupError, IndexError):
        pid = chance.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        os.kill(pid, signal.SIGCONT)
        return True
    return False


def kill_dolphin(farm: ChaosFarm, chance: random.Random) -> bool:
    return send(farm.emulators(), signal.SIGKILL, chance)


def segv_dolphin(farm: ChaosFarm, chance: random.Random) -> bool:
    return send(farm.emulators(), signal.SIGSEGV, chance)


def pause_dolphin(farm: ChaosFarm, chance: random.Random) -> bool:
    return _pause(farm.emulators(), chance)


def kill_slot(farm: ChaosFarm, chance: random.Random) -> bool:
    return send(farm.slots(), signal.SIGKILL, chance)


def pause_slot(farm: ChaosFarm, chance: random.Random) -> bool:
    return _pause(farm.slots(), chance)


def kill_node(farm: ChaosFarm, chance: random.Random) -> bool:
    farm.kill_node(chance)
    return True


def drain_node(farm: ChaosFarm, chance: random.Random) -> bool:
    farm.drain_node(chance)
    return True


def pause_head(farm: ChaosFarm, chance: random.Random) -> bool:
    return _pause(farm.head(), chance)


def kill_head(farm: ChaosFarm, _: random.Random) -> bool:
    """Kill the head, without which a run cannot go on: the run and its slots have to end by themselves."""
    farm.kill_head()
    return True


def kill_driver(farm: ChaosFarm, _: random.Random) -> bool:
    return farm.kill_driver(signal.SIGKILL)


def hang_up_driver(farm: ChaosFarm, _: random.Random) -> bool:
    return farm.kill_driver(signal.SIGHUP)


def pause_driver(farm: ChaosFarm, chance: random.Random) -> bool:
    return _pause(farm.drivers(), chance)


def start_second_run(farm: ChaosFarm, _: random.Random) -> bool:
    farm.start_driver()
    return True


def jump_clock(farm: ChaosFarm, chance: random.Random) -> bool:
    """Move the clock of driver and slots by an hour or ten years and back; S3 servers refuse 15 minutes."""
    if not farm.clock.can_jump:
        return False
    farm.clock.jump(chance.choice((-1, 1)) * chance.choice((3600, 10 * 365 * 86400)))
    time.sleep(2 * PAUSE_SECONDS)
    farm.clock.jump(0)
    return True
