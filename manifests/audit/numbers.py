"""Find committed games whose file numbers differ from those in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.audit.file_numbers import FileNumbers
from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.ledger.plan import planned_games

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.ledger.plan import PlannedGame
    from manifests.store.contract import Store


def misnumbered_games(store: Store, planned: Iterable[PlannedGame] | None = None) -> list[str]:
    """List the game_ids of committed games whose file numbers were planned for another game, or for none.

    Such games can arise if two processes planned at the same time on a store that could not say who came
    first. Once their entries are withdrawn, they are rendered again under the numbers that the plan then has
    for them.

    Args:
        store: the dataset's store.
        planned: the planned games; None to read them from the plan files.

    Raises:
        RecordRefused: a plan or an entry cannot be read.
    """
    numbers = FileNumbers(planned_games(store) if planned is None else planned)
    return [
        entry.game_id
        for entry in read_entries(store, done_game_ids(store))
        if entry.status is Status.COMMITTED
        and not numbers.commit(entry.game_id, [chunk.file_number for chunk in entry.chunks])
    ]
