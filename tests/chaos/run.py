"""Disturb a farm by a seed, again and again, and look at what is left each time.

    python -m tests.chaos.run --seeds 1-20              a run a seed, until all are done
    python -m tests.chaos.run --seeds 7 --games 6       the schedule of one seed again
    python -m tests.chaos.run --emulator slippi         with the playback Dolphin that SLIPPI_DOLPHIN names

`make chaos` runs SEEDS (1-3 unless set). Each run renders recorded short games on a Ray cluster of three
nodes into an S3 server behind the fault proxy. Faults strike one after another as the ledger grows; a driver
that ended is started again, as a user would. Afterwards every game is committed once, or set aside with a
reason about the attempt; the audit holds, with every sum; nothing runs any more and scratch is empty.

Faults that need something running wait until there is; one that found nothing to strike to the end is told
as missed, and not counted. A schedule is a pure function of its seed. What a fault meets is up to the
machine's timing, so a seed that failed may need a few runs to fail again; its drivers' logs are printed. Exit
status: 0 all held, 1 not.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from manifests.audit.audit import audit
from manifests.audit.findings import Depth
from manifests.ledger.entry import Status, read_entries
from manifests.ledger.plan import planned_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.reader import open_manifest
from tests.chaos.farm import ChaosFarm
from tests.chaos.faults import FAULTS, schedule
from tests.end_to_end.disturbed import until
from tests.live_folders import paths_below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.chaos.faults import Fault

PATIENCE_SECONDS = 420.0
MOST_STARTS = 12
LEAVE_SECONDS = 90.0
"""Longest wait for Ray's agents to end: for a minute they try to report their raylet's end to a lost head."""


@dataclass
class Outcome:
    """The result of the run with one seed."""

    seed: int
    faults: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    games: int = 0
    committed: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    leaked: list[str] = field(default_factory=list)
    orphans: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is lost, doubled, leaked or wrong."""
        return not (self.lost or self.doubled or self.leaked or self.wrong)

    def __str__(self) -> str:
        ends = (
            f"{self.committed} committed, {dict(self.set_aside) or 'none'} set aside, {self.orphans} orphans"
        )
        counts = f"lost {self.lost}, doubled {self.doubled}, leaked {self.leaked}, {self.wrong}"
        held = "held" if self.holds else f"WRONG: {counts}"
        missed = f"; missed {', '.join(self.missed)}" if self.missed else ""
        return f"seed {self.seed}: {held}; {ends}, {self.seconds:.0f} s; {', '.join(self.faults)}{missed}"


def disturbed(
    seed: int,
    num_games: int,
    num_frames: int,
    num_faults: int,
    only: list[str],
    *,
    emulator: str = "standin",
    is_told: bool = False,
) -> Outcome:
    """Run the schedule of one seed to its end, and check what is left."""
    outcome, started = Outcome(seed, games=num_games), time.monotonic()
    due = schedule(seed, num_faults, num_games, emulator)
    if only:
        due = [(number * num_games // len(only), name) for number, name in enumerate(only)]
    with ChaosFarm(num_games, num_frames, emulator) as farm:
        mark = farm.command
        try:
            _disturb(farm, outcome, due, num_games, FAULTS[emulator])
            _look(farm, outcome, num_games)
        except Exception:  # noqa: BLE001 - a seed's failure is its result
            outcome.wrong.append(traceback.format_exc())
        if is_told or not outcome.holds:
            sys.stdout.write(farm.last_words())
    left = lambda: set(mark.descendants()) - {os.getpid()}  # noqa: E731
    try:
        until(lambda: not left(), "every process is gone", LEAVE_SECONDS)
    except AssertionError:
        outcome.leaked += [f"process {pid}: {_command(pid)}" for pid in sorted(left())]
    outcome.seconds = time.monotonic() - started
    return outcome


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")[:200]
    except OSError:
        return "gone since"


def _disturb(
    farm: ChaosFarm,
    outcome: Outcome,
    due: list[tuple[int, str]],
    num_games: int,
    faults: Mapping[str, Fault],
) -> None:
    """Start drivers, as a user would, until all games are done and every fault that is due has struck."""
    chance = random.Random(f"chaos {outcome.seed}")
    deadline, num_starts = time.monotonic() + PATIENCE_SECONDS, 0
    while time.monotonic() < deadline and num_starts < MOST_STARTS:
        num_done = farm.num_done()
        if not farm.running():
            if num_starts and farm.last_status() in (0, 1) and not due:
                return
            farm.start_driver()
            num_starts += 1
        if due and due[0][0] <= num_done and (farm.emulators() or num_starts > 1):
            _, name = due[0]
            has_struck = faults[name](farm, chance)
            if has_struck or num_done == num_games:
                due.pop(0)
                (outcome.faults if has_struck else outcome.missed).append(name)
        time.sleep(0.2)
    outcome.wrong.append(f"not over after {num_starts} starts; still due: {due}")


def _look(farm: ChaosFarm, outcome: Outcome, num_games: int) -> None:
    """Check what is left of the farm, and note what is wrong."""
    wrong = outcome.wrong
    planned = [game.game_id for game in planned_games(farm.store)]
    entries = list(read_entries(farm.store, sorted(set(planned))))
    outcome.committed = sum(entry.status is Status.COMMITTED for entry in entries)
    outcome.set_aside = Counter(str(entry.reason) for entry in entries if entry.status is Status.SET_ASIDE)
    outcome.lost = num_games - len(entries)
    batches = open_manifest(farm.store.url).batches("games", ["game_id"])
    listed = Counter(game_id for batch in batches for game_id in batch["game_id"].to_pylist())
    outcome.doubled = len(planned) - len(set(planned)) + sum(count - 1 for count in listed.values())
    if set(listed) != {entry.game_id for entry in entries if entry.status is Status.COMMITTED}:
        wrong.append("the manifest has other games than the ledger")
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
    for what, left in {
        "emulator": lambda: list(map(str, farm.emulators())),
        "in scratch": lambda: list(map(str, paths_below(farm.scratch))),
        "in the temporary folder": farm.left_in_temporary_folder,
    }.items():
        try:
            until(lambda left=left: not left(), what, 20)  # type: ignore[misc]
        except AssertionError:
            outcome.leaked += [f"{what}: {one}" for one in left()[:5]]


def table(outcomes: list[Outcome]) -> str:
    """Say in a table how often each fault struck, in how many games, and what was lost, doubled or leaked."""
    lines = [f"{'fault':<22} {'injected':>8} {'games':>6} {'lost':>5} {'doubled':>8} {'leaked':>7}"]
    for name in sorted({name for outcome in outcomes for name in outcome.faults}):
        struck = [outcome for outcome in outcomes if name in outcome.faults]
        injected = sum(outcome.faults.count(name) for outcome in struck)
        counts = [
            sum(count)
            for count in zip(
                *((one.games, one.lost, one.doubled, len(one.leaked)) for one in struck), strict=True
            )
        ]
        lines.append(f"{name:<22} {injected:>8} {counts[0]:>6} {counts[1]:>5} {counts[2]:>8} {counts[3]:>7}")
    return "\n".join(lines)


def main() -> int:
    """Run the seeds asked for, and print a table of what was injected and what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="1-3", help="one, or first-last")
    parser.add_argument("--emulator", choices=[*FAULTS], default="standin", help="who plays the games")
    parser.add_argument("--games", type=int, default=6)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--faults", type=int, default=2, help="how many strike in a run")
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted({name for faults in FAULTS.values() for name in faults}),
        help="these faults instead, in this order",
    )
    parser.add_argument("--tell", action="store_true", help="print what drivers said, also where all held")
    asked = parser.parse_args()
    strange = sorted(set(asked.only or ()) - set(FAULTS[asked.emulator]))
    if strange:
        parser.error(f"{strange[0]} is no fault of --emulator {asked.emulator}")
    first, _, last = asked.seeds.partition("-")
    outcomes = []
    for seed in range(int(first), int(last or first) + 1):
        size = (asked.games, asked.frames, asked.faults)
        outcomes.append(disturbed(seed, *size, asked.only or [], emulator=asked.emulator, is_told=asked.tell))
        sys.stdout.write(f"{outcomes[-1]}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{table(outcomes)}\n")
    broken = [outcome.seed for outcome in outcomes if not outcome.holds]
    minutes = sum(outcome.seconds for outcome in outcomes) / 60
    sys.stdout.write(f"{len(outcomes)} seeds in {minutes:.0f} min, {len(broken)} did not hold: {broken}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
