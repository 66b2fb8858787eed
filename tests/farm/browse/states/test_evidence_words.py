"""Every kind of evidence is explained, so that a page never shows only its name."""

from __future__ import annotations

from farm.browse.states.evidence_words import EVIDENCE_MEANING
from manifests.ledger.evidence import EVIDENCE_NAMES


def test_every_kind_of_evidence_is_explained():
    assert tuple(EVIDENCE_MEANING) == EVIDENCE_NAMES
