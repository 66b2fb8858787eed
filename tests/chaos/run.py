"""Disturb a farm by a seed, again and again, and look at what is left each time.

    python -m tests.chaos.run --seeds 1-20              a run a seed, until all are done
    python -m tests.chaos.run --seeds 7 --games 6       the schedule of one seed again

`make chaos` runs SEEDS (1-3 unless set). Each run renders recorded short games on a Ray cluster of three
nodes into an S3 server behind the fault proxy. Faults strike one after another as the ledger grows; a driver
that ended is started again, as a user would. Afterwards every game is committed once, or set aside with a
reason about the attempt; the audit holds, with every sum; nothing runs any more and scratch is empty.

A schedule is a pure function of its seed. What a fault meets is up to the machine's timing, so a seed that
failed may need a few runs to fail again; its drivers' logs are printed. Exit status: 0 all held, 1 not.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from manifests.audit.audit import audit
from manifests.audit.findings import Depth
from manifests.ledger.entry import Status, read_entries
from manifests.ledger.plan import planned_games
from manifests.ledger.reasons import Reason
from tests.chaos.farm import ChaosFarm
from tests.chaos.faults import FAULTS, schedule
from tests.end_to_end.disturbed import until

PATIENCE_SECONDS = 420.0
MOST_STARTS = 12


@dataclass
class Outcome:
    """What one seed came to."""

    seed: int
    faults: list[str] = field(default_factory=list)
    committed: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    orphans: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ends = (
            f"{self.committed} committed, {dict(self.set_aside) or 'none'} set aside, {self.orphans} orphans"
        )
        held = f"WRONG: {self.wrong}" if self.wrong else "held"
        return f"seed {self.seed}: {held}; {ends}, {self.seconds:.0f} s; {', '.join(self.faults)}"


def disturbed(seed: int, num_games: int, num_frames: int, num_faults: int, only: list[str]) -> Outcome:
    """Run one seed to its end and look at what is left."""
    outcome, started = Outcome(seed), time.monotonic()
    chance = random.Random(f"chaos {seed}")
    due = schedule(seed, num_faults, num_games)
    if only:
        due = [(number * num_games // len(only), name) for number, name in enumerate(only)]
    with ChaosFarm(num_games, num_frames) as farm:
        try:
            deadline, num_starts = time.monotonic() + PATIENCE_SECONDS, 0
            while time.monotonic() < deadline:
                if not farm.running():
                    if num_starts and farm.last_status() in (0, 1) and not due:
                        break
                    if num_starts >= MOST_STARTS:
                        break
                    farm.start_driver()
                    num_starts += 1
                if due and (due[0][0] <= farm.num_done()) and (farm.emulators() or num_starts > 1):
                    _, name = due.pop(0)
                    outcome.faults.append(name)
                    FAULTS[name](farm, chance)
                time.sleep(0.3)
            outcome.wrong += _what_is_wrong(farm, outcome, num_games)
            if outcome.wrong:
                sys.stdout.write(farm.last_words())
        except Exception:  # noqa: BLE001 - a seed's failure is its result
            outcome.wrong.append(traceback.format_exc())
            sys.stdout.write(farm.last_words())
        processes = farm.processes
        mark = farm.command
    try:
        until(lambda: not set(mark.descendants()) - set(_own()), "every process is gone", 30)
    except AssertionError:
        outcome.wrong.append(f"left running: {sorted(processes())}")
    outcome.seconds = time.monotonic() - started
    return outcome


def _own() -> list[int]:
    import os  # noqa: PLC0415

    return [os.getpid()]


def _what_is_wrong(farm: ChaosFarm, outcome: Outcome, num_games: int) -> list[str]:
    wrong = []
    if farm.running():
        wrong.append("a driver still runs, or the run did not end in time")
    games = [game.game_id for game in planned_games(farm.store)]
    entries = list(read_entries(farm.store, games))
    outcome.committed = sum(entry.status is Status.COMMITTED for entry in entries)
    outcome.set_aside = Counter(str(entry.reason) for entry in entries if entry.status is Status.SET_ASIDE)
    if len(games) != num_games or len(set(games)) != num_games:
        wrong.append(f"{len(games)} games planned of {num_games}")
    if len(entries) != num_games:
        wrong.append(f"lost: {num_games - len(entries)} games have no entry")
    wrong += [
        f"set aside for {entry.reason}: {entry.detail}"
        for entry in entries
        if entry.reason is not None
        and (entry.reason.is_about_the_replay or entry.reason is Reason.MISALIGNED)
    ]
    report = audit(farm.store, Depth.STRUCTURE)
    wrong += [f"audit: {finding.kind} {finding.key}: {finding.detail}" for finding in report.findings]
    wrong += [f"stranger: {key}" for key in report.strangers]
    if report.num_unlisted or report.num_pending:
        wrong.append(
            f"{report.num_unlisted} games are not in the manifests, {report.num_pending} are pending"
        )
    outcome.orphans = len(report.orphans)
    wrong += [f"orphan of nobody: {orphan.key}" for orphan in report.orphans if orphan.owner == "unknown"]
    try:
        until(lambda: not farm.emulators(), "no emulator is left", 20)
        until(lambda: not list(farm.scratch.rglob("*")), "scratch is empty", 20)
    except AssertionError as error:
        wrong.append(f"{error}: {[str(path) for path in farm.scratch.rglob('*')][:5]}")
    return wrong


def main() -> int:
    """Run the seeds asked for, and print a table of what was injected and what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="1-3", help="one, or first-last")
    parser.add_argument("--games", type=int, default=6)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--faults", type=int, default=5, help="how many strike in a run")
    parser.add_argument(
        "--only", action="append", choices=list(FAULTS), help="these faults instead, in this order"
    )
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    outcomes = []
    for seed in range(int(first), int(last or first) + 1):
        outcomes.append(disturbed(seed, asked.games, asked.frames, asked.faults, asked.only or []))
        sys.stdout.write(f"{outcomes[-1]}\n")
        sys.stdout.flush()
    injected = Counter(name for outcome in outcomes for name in outcome.faults)
    for name, count in sorted(injected.items()):
        sys.stdout.write(f"{name:<22} {count:>4}\n")
    broken = [outcome.seed for outcome in outcomes if outcome.wrong]
    sys.stdout.write(f"{len(outcomes)} seeds, {len(broken)} did not hold: {broken}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
