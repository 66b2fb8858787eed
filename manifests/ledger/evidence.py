"""Evidence: what one observer found about whether a video and its states are aligned.

`workers.align` makes it; the ledger and the manifest keep it.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Final

EVIDENCE_NAMES: Final = ("count", "log", "stamp", "motion", "encoded_stamp", "encoded_motion", "rerecording")
"""Every observer there is. The `encoded_` ones look at the finished file, the others at the raw pictures."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one observer found about a game, or about a stretch of it.

    An offset of o frames means that the picture at capture_index k shows slp_frame k - 123 + o. An observer
    that cannot tell is not available: it abstains, and says in `detail` why.

    This is the only declaration of the record. The ledger's JSON and the manifest's Parquet take names,
    order and types of their fields from here, so a change here changes files.

    Attributes:
        name: one of EVIDENCE_NAMES.
        available: whether the observer could tell at all; if not, it has no vote.
        offset_frames: the offset of most of the stretch; 0 means aligned; None exactly if not available.
        confidence: 0 to 1; 0 if not available.
        margin: how far the best offset stands above the second best, in the observer's own unit; None if the
            observer has no such measure.
        first_disagreement_slp_frame: first slp_frame at which this observer saw a wrong pair, if it can say.
            It may be set although offset_frames is 0: most pairs are right, but that one is not.
        detail: one line for a person.

    Raises:
        ValueError: no observer has this name, the confidence is outside 0 to 1, the margin is infinite, or
            fields contradict each other.
    """

    name: str
    available: bool
    offset_frames: int | None
    confidence: float
    _: KW_ONLY
    margin: float | None = None
    first_disagreement_slp_frame: int | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.name not in EVIDENCE_NAMES:
            message = f"evidence is one of {', '.join(EVIDENCE_NAMES)}, got {self.name!r}"
            raise ValueError(message)
        if not 0.0 <= self.confidence <= 1.0:
            message = f"evidence has a confidence from 0 to 1, got {self.confidence} of {self.name}"
            raise ValueError(message)
        if not math.isfinite(self.margin or 0):
            message = f"evidence has a finite margin or none, got {self.margin} of {self.name}"
            raise ValueError(message)
        if self.available != (self.offset_frames is not None):
            message = (
                f"{self.name} has an offset exactly if available: {self.available}, {self.offset_frames}"
            )
            raise ValueError(message)
        if not self.available and (self.confidence or self.first_disagreement_slp_frame is not None):
            message = f"{self.name} abstains, so it can neither be confident nor disagree"
            raise ValueError(message)
        # 1 and 1.0 are equal, so they must give the same bytes.
        object.__setattr__(self, "confidence", float(self.confidence))
        object.__setattr__(self, "margin", None if self.margin is None else float(self.margin))

    @classmethod
    def abstain(cls, name: str, detail: str, *, margin: float | None = None) -> Evidence:
        """Make the evidence of an observer that cannot tell, with the reason in `detail`."""
        return cls(name, available=False, offset_frames=None, confidence=0.0, detail=detail, margin=margin)

    @property
    def agrees(self) -> bool:
        """Whether this observer could tell, and found every pair right."""
        return self.offset_frames == 0 and self.first_disagreement_slp_frame is None

    @property
    def disagrees(self) -> bool:
        """Whether this observer could tell, and found a wrong pair."""
        return self.available and not self.agrees

    def __str__(self) -> str:
        if not self.available:
            return f"{self.name} cannot tell ({self.detail})"
        where = self.first_disagreement_slp_frame
        at = "" if where is None else f", wrong from slp_frame {where}"
        return f"{self.name} offset {self.offset_frames:+d}{at} ({self.detail})"
