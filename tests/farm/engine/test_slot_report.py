"""Slot reports arrive unchanged when they are sent between processes and machines."""

from __future__ import annotations

import pickle

import pytest
from null_renderer import NullResult

from farm.engine.pool import Breakage
from farm.engine.slot_report import Ready, Report, Returned, Unable
from manifests.ledger.reasons import Reason


@pytest.mark.parametrize(
    "report",
    [
        Ready(),
        Unable("no Dolphin here; install one"),
        Returned(NullResult("g", "set_aside", 600, Reason.MISALIGNED, "offset 2")),
    ],
)
def test_a_report_arrives_as_it_was_sent(report: Report):
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes


def test_a_report_is_small():
    """A report is a small record without pictures, since thousands of them go through one process."""
    assert len(pickle.dumps(Returned(NullResult("0" * 64, "committed", 10_000)))) < 1000


@pytest.mark.parametrize("breakage", Breakage)
def test_a_breakage_reads_as_its_name_in_messages_and_metrics(breakage: Breakage):
    assert f"{breakage}" == breakage.name.lower()
