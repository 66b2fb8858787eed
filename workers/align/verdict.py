"""Decide the verdict on a game: aligned only if all observers that can tell agree, and enough can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.align import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.ledger.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a game, with all the evidence behind it.

    Raises:
        ValueError: it says aligned although some evidence disagrees.
    """

    aligned: bool
    evidence: tuple[Evidence, ...]
    detail: str

    def __post_init__(self) -> None:
        against = [item.name for item in self.evidence if item.disagrees]
        if self.aligned and against:
            message = f"a verdict cannot be aligned against {', '.join(against)}"
            raise ValueError(message)


def decide(
    evidence: Sequence[Evidence], limits: thresholds.VerdictThresholds = thresholds.VERDICT
) -> Verdict:
    """Return the verdict on one stretch of one game.

    Raises:
        ValueError: two pieces of evidence have the same name.
    """
    names = [item.name for item in evidence]
    if len(set(names)) != len(names):
        message = f"each observer speaks once, got {', '.join(names)}"
        raise ValueError(message)
    findings = tuple(evidence)
    against = [item for item in findings if item.disagrees]
    if against:
        return Verdict(False, findings, "; ".join(str(item) for item in against))
    agreeing = [item.name for item in findings if item.agrees]
    missing = [name for name in limits.required if name not in agreeing]
    if missing:
        return Verdict(False, findings, f"nothing to go by: {_why(findings, missing)}")
    if len(agreeing) < limits.min_agreeing:
        detail = f"only {', '.join(agreeing)} can tell, {limits.min_agreeing} must agree"
        return Verdict(False, findings, detail)
    return Verdict(True, findings, f"{', '.join(agreeing)} agree")


def _why(findings: Sequence[Evidence], missing: Sequence[str]) -> str:
    said = {item.name: str(item) for item in findings}
    return "; ".join(said.get(name, f"no {name} evidence was taken") for name in missing)
