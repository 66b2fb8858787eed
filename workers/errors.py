"""Every failure of the render side, in one tree of exceptions.

    FarmError
    |-- SetAside          this replay ends here, with a reason from the closed list; the others go on
    |   |-- ReplayRefused     ... because of the replay itself
    |   `-- RenderFailed      ... because of one attempt at rendering it; a retry may end otherwise
    |       |-- EmulatorFailed    ... and it was the emulator
    |       `-- Misaligned        ... and the evidence does not prove that picture k shows state k
    `-- EnvironmentFailed this machine or output cannot do the work; the run stops, nothing is written off

A message says what was found, what is allowed, and what to do, in one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from manifests.ledger.evidence import Evidence


class FarmError(Exception):
    """Base of every error that the render side raises on purpose; its text is one line for a person."""


class SetAside(FarmError):  # noqa: N818 - a decision, not a mishap
    """This replay cannot become a dataset entry; `reason` says why, the text gives the particulars."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class ReplayRefused(SetAside):
    """The replay's own bytes rule it out."""


class RenderFailed(SetAside):
    """One attempt to render the replay failed."""


class EmulatorFailed(RenderFailed):
    """The emulator exited, stalled or outlasted its deadline."""


class Misaligned(RenderFailed):
    """The pictures could not be proved to show the states; `evidence` is everything that was found."""

    def __init__(self, detail: str, evidence: tuple[Evidence, ...]) -> None:
        super().__init__(Reason.MISALIGNED, detail)
        self.evidence = evidence


class EnvironmentFailed(FarmError):  # noqa: N818
    """This machine or the output cannot do the work: no Dolphin, no Vulkan driver, no disk space ...

    It says nothing about any replay.
    """
