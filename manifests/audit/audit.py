"""Audit a dataset: check its records against each other and every object against its record.

    one listing -> Inventory ----------------------.
    dataset.json, plans, ledger or snapshot -> Pair -> is it listed? -> for a sample: its bytes -> Report

An audit keeps 25 bytes per chunk object and 25 per planned game in memory; everything else streams.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from manifests.audit.findings import Depth, Finding, Kind, Orphan, Report
from manifests.audit.inventory import Inventory
from manifests.audit.pair_checks import PairChecks
from manifests.audit.records_walk import RecordsWalk
from manifests.ledger.dataset import read_description
from manifests.store.keys import data_key
from manifests.store.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.audit.pair_checks import VideoCheck, Witness
    from manifests.audit.sources import Pair
    from manifests.ledger.dataset import DatasetDescription
    from manifests.store.contract import Store

_SAMPLE_STEPS: Final = 1 << 64


def audit(
    store: Store,
    depth: Depth = Depth.LISTING,
    *,
    sample: float = 1.0,
    seed: int = 0,
    num_threads: int = 4,
    on_pair: Callable[[int], None] = lambda _: None,
    witness: Callable[[DatasetDescription], Witness] | None = None,
    video_check: VideoCheck | None = None,
) -> Report:
    """Check the objects of a dataset against its own records, and the records against each other.

    Args:
        store: the store of the dataset, or of a downloaded copy of it.
        depth: how much is checked.
        sample: share of the pairs, 0 to 1, that are checked more deeply than LISTING.
        seed: decides which pairs these are; the same seed gives the same pairs.
        num_threads: how many pairs are checked at the same time.
        on_pair: function that is called with the number of pairs that were checked deeply so far.
        witness: makes a `Witness` for each pair that is checked at DECODE; None for none.
        video_check: checks the file of every video that is checked at DECODE with an independent program.

    Raises:
        SchemaRefused: the store holds no dataset that this program can read.
        StoreFailed: the store failed.
        ValueError: `sample` is outside of 0 to 1.
    """
    if not 0 <= sample <= 1:
        message = f"a sample is a share of 0 to 1, got {sample}"
        raise ValueError(message)
    description = read_description(store)
    report = Report(depth)
    inventory = Inventory(store)
    walk = RecordsWalk(store, description, report)
    listed = (pair for pair in walk.pairs() if _is_listed(pair, inventory, report))
    sampled = (pair for pair in listed if depth > Depth.LISTING and _is_sampled(pair, sample, seed))
    checks = PairChecks(store, depth, description, witness, video_check)
    for number, (_, checked) in enumerate(read_ahead(checks.check, sampled, num_threads), 1):
        report.num_sampled = number
        report.num_bytes += checked.num_bytes
        report.num_frames += checked.num_frames
        report.num_witnessed += checked.num_witnessed
        report.num_independently_checked += checked.num_independently_checked
        report.findings += checked.findings
        on_pair(number)
    for name in inventory.numbered_twice():
        detail = f"file number {name.file_number} is that of two chunks; a loader reads neither"
        report.findings.append(Finding(Kind.NUMBERS, data_key(name), detail))
    report.orphans += _orphans(inventory, walk)
    report.strangers += [info.key for info in inventory.strangers]
    return report


def _is_listed(pair: Pair, inventory: Inventory, report: Report) -> bool:
    """Whether both objects of the pair are listed with the recorded sizes, and no other record names them."""
    num_before = len(report.findings)
    for name, ref in pair.objects:
        listed = inventory.find(name)
        if listed is None:
            report.findings.append(Finding(Kind.MISSING, ref.key, f"not there; game {pair.game_id} names it"))
        elif listed.size_bytes != ref.size_bytes:
            detail = f"{listed.size_bytes} bytes, recorded {ref.size_bytes}"
            report.findings.append(Finding(Kind.SIZE, ref.key, detail))
        if listed is not None and not inventory.mark(name):
            detail = f"named twice, the second time by game {pair.game_id}"
            report.findings.append(Finding(Kind.DISAGREEMENT, ref.key, detail))
    return len(report.findings) == num_before


def _is_sampled(pair: Pair, sample: float, seed: int) -> bool:
    # Sampled by file number, so that a copy is sampled like its original, and a later audit like an earlier
    # one.
    digest = hashlib.blake2b(f"{seed} {pair.chunk.file_number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < sample * _SAMPLE_STEPS


def _orphans(inventory: Inventory, walk: RecordsWalk) -> list[Orphan]:
    orphans = [
        Orphan(listed.key, listed.size_bytes, listed.modified_at, walk.owner_of(listed.name.file_number))
        for listed in inventory.unnamed()
    ]
    misplaced = [
        Orphan(info.key, info.size_bytes, info.modified_at, "unknown") for info in inventory.misplaced
    ]
    return orphans + misplaced
