"""Lists the faults that disturb a running farm, and deals them by a seed.

Each fault is one call, which begins it and, where possible, ends it again. The call returns whether the
fault struck, since a process may have ended before it could be killed. Most faults are dealt whatever
emulator plays; a display and a frame channel only Slippi's Dolphin has, and a pipe with pictures only the
stand-in's.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from tests.chaos.channel_faults import blacken_pictures, garble_channel, kill_display, shut_channel
from tests.chaos.process_faults import (
    drain_node,
    hang_up_driver,
    jump_clock,
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

_OF_EVERY_EMULATOR: Final[dict[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        kill_dolphin, segv_dolphin, pause_dolphin, kill_slot, pause_slot, kill_node, drain_node,
        pause_head, kill_head, kill_driver, hang_up_driver, pause_driver, start_second_run, jump_clock,
        kill_s3, pause_s3, take_port, spoil_network, fill_dataset, corrupt_scratch, delete_scratch_file,
        fill_scratch,
    )
}  # fmt: skip
FAULTS: Final[dict[str, dict[str, Fault]]] = {
    "standin": {**_OF_EVERY_EMULATOR, break_pipe.__name__: break_pipe},
    "slippi": {
        **_OF_EVERY_EMULATOR,
        **{fault.__name__: fault for fault in (kill_display, shut_channel, garble_channel, blacken_pictures)},
    },
}
"""The faults by name, for each emulator."""


def schedule(seed: int, num_faults: int, num_games: int, emulator: str = "standin") -> list[tuple[int, str]]:
    """Choose the faults that strike, and after how many done games each does; a seed always gives the same.

    The faults are dealt like cards from a pack: consecutive seeds get different ones, until every fault was
    dealt once; then the pack is shuffled anew.
    """
    names = [
        _dealt(number, list(FAULTS[emulator])) for number in range(seed * num_faults, (seed + 1) * num_faults)
    ]
    chance = random.Random(seed)
    return sorted((chance.randrange(num_games), name) for name in names)


def _dealt(number: int, names: list[str]) -> str:
    """The fault with this number, counted over all packs that are dealt one after another."""
    pack, place = divmod(number, len(names))
    random.Random(f"pack {pack}").shuffle(names)
    return names[place]
