"""What is done to a farm at work: each fault is one call, which begins it and where it can ends it again.

A call returns whether it struck: a process may have ended before it could be killed. Seeds do not try the
end of a display, nor damage to the frame channel and its shared memory: only Slippi's Dolphin has them.
`--only kill_display` does the first where one runs, `tests/workers/emulator/frame_channel` the second.
Where the stand-in's Dolphin hands over its pictures, `break_pipe` takes bytes out.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from tests.chaos.process_faults import (
    drain_node,
    hang_up_driver,
    jump_clock,
    kill_display,
    kill_dolphin,
    kill_driver,
    kill_head,
    kill_node,
    kill_slot,
    pause_dolphin,
    pause_driver,
    pause_head,
    pause_slot,
    segv_dolphin,
    start_second_run,
)
from tests.chaos.storage_faults import (
    break_pipe,
    corrupt_scratch,
    delete_scratch_file,
    fill_dataset,
    fill_scratch,
    kill_s3,
    pause_s3,
    spoil_network,
    take_port,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.farm import ChaosFarm

    Fault = Callable[[ChaosFarm, random.Random], bool]

FAULTS: Final[dict[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        kill_dolphin, segv_dolphin, pause_dolphin, break_pipe, kill_slot, pause_slot, kill_node, drain_node,
        pause_head, kill_head, kill_driver, hang_up_driver, pause_driver, start_second_run, jump_clock,
        kill_s3, pause_s3, take_port, spoil_network, fill_dataset, corrupt_scratch, delete_scratch_file,
        fill_scratch,
    )
}  # fmt: skip
ONLY_WITH_SLIPPI: Final[dict[str, Fault]] = {kill_display.__name__: kill_display}


def schedule(seed: int, num_faults: int, num_games: int) -> list[tuple[int, str]]:
    """Which faults strike, each after how many games are done; the same seed gives the same schedule.

    The faults are dealt as from a pack of cards: seeds that follow each other get different ones, until every
    fault was dealt once, and then the pack is shuffled anew.
    """
    names = [_dealt(number) for number in range(seed * num_faults, (seed + 1) * num_faults)]
    chance = random.Random(seed)
    return sorted((chance.randrange(num_games), name) for name in names)


def _dealt(number: int) -> str:
    """The card of a number, over all packs that are dealt one after another."""
    pack, place = divmod(number, len(FAULTS))
    names = list(FAULTS)
    random.Random(f"pack {pack}").shuffle(names)
    return names[place]
