"""The tree of all exceptions that the render side raises on purpose.

    FarmError
    |-- SetAside          this replay is set aside, with a reason from the closed list; the run goes on
    |   |-- ReplayRefused     ... because of the replay itself
    |   `-- RenderFailed      ... because of one attempt at rendering it; a retry may succeed
    |       |-- EmulatorFailed    ... because the emulator failed
    |       `-- Misaligned        ... because the evidence does not prove that picture k shows state k
    `-- EnvironmentFailed this machine or output cannot do the work; the run stops, no replay is set aside

Every message says in one line what was found, what is allowed, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from manifests.ledger.evidence import Evidence


class FarmError(Exception):
    """Base class of all errors that the render side raises on purpose; its text is one line for a person."""


class SetAside(FarmError):  # noqa: N818 - a decision, not a mishap
    """This replay cannot become part of the dataset; `reason` says why, and the text gives details."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class ReplayRefused(SetAside):
    """The replay itself cannot be rendered, because of its own bytes."""


class RenderFailed(SetAside):
    """One attempt to render the replay failed."""


class EmulatorFailed(RenderFailed):
    """The emulator exited too early, stalled, or exceeded its deadline."""


class Misaligned(RenderFailed):
    """The pictures could not be proved to show the states; `evidence` holds all findings."""

    def __init__(self, detail: str, evidence: tuple[Evidence, ...]) -> None:
        super().__init__(Reason.MISALIGNED, detail)
        self.evidence = evidence


class EnvironmentFailed(FarmError):  # noqa: N818
    """This machine or the output cannot do the work: no Dolphin, no Vulkan driver, no disk space ...

    It says nothing about any replay.
    """
