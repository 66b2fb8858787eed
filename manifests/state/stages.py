"""The blast zones of the six legal stages: a player who leaves this rectangle loses a stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class BlastZone(NamedTuple):
    """A stage's blast zone, in Melee units; y points up."""

    left: float
    right: float
    top: float
    bottom: float


BLAST_ZONES: Final[Mapping[int, BlastZone]] = {
    2: BlastZone(-198.75, 198.75, 202.5, -146.25),  # Fountain of Dreams
    3: BlastZone(-230, 230, 180, -111),  # Pokemon Stadium
    8: BlastZone(-175.7, 173.6, 168, -91),  # Yoshi's Story
    28: BlastZone(-255, 255, 250, -123),  # Dream Land
    31: BlastZone(-224, 224, 200, -108.8),  # Battlefield
    32: BlastZone(-246, 246, 188, -140),  # Final Destination
}
"""The blast zones by external stage id, as in `StateTable.stage` and the manifests' stage_id."""
