"""Does one step of `farm bench scale` in a process of its own, so that only its memory is measured.

STEP FOLDER GAMES -> the step, timed -> StepCost as JSON on stdout
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farm.bench._scale_dataset import DESCRIPTION, scanned_games
from farm.browse.live.dataset_progress import dataset_progress
from farm.planning.catalogue import Selection, assemble_catalogue, build_catalogue
from farm.planning.dataset_plan import write_plan
from farm.planning.splits import SplitRule
from manifests.audit.audit import audit
from manifests.ledger.dataset import open_or_create
from manifests.ledger.plan import pending_games
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from workers.errors import FarmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPLAYS_FOLDER: Final = "replays"
_KEY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class StepCost:
    """The time and memory that one step took.

    Attributes:
        wall_seconds, cpu_seconds: time of the step alone.
        megabytes_before: resident memory when the step began, with everything imported.
        megabytes_peak: the most resident memory at any time.
    """

    wall_seconds: float
    cpu_seconds: float
    megabytes_before: float
    megabytes_peak: float


def _scan(folder: Path, games: int) -> None:
    """Scan a number of replays, on one core."""
    found = build_catalogue([str(folder / REPLAYS_FOLDER)], Selection(), _KEY, num_workers=0)
    assert len(found.games) + len(found.left_out) == games, "each replay is a game or left out"


def _plan(folder: Path, games: int) -> None:
    """Make a catalogue from a scan, and write its plan."""
    num_frames = int((folder / "num_frames").read_text())
    store = open_store(folder / "dataset")
    open_or_create(store, DESCRIPTION)
    catalogue = assemble_catalogue(scanned_games(games, num_frames), (), Selection(), _KEY, SplitRule())
    write_plan(store, catalogue, DESCRIPTION.frames_per_chunk)


def _resume(folder: Path, games: int) -> None:
    """List the ledger along the plan, as a run does when it continues."""
    pending = sum(1 for _ in pending_games(open_store(folder / "dataset")))
    assert pending < games, "half or all of them are done"


def _finalize(folder: Path, games: int) -> None:
    """Compile the manifests of the whole ledger."""
    assert finalize(open_store(folder / "dataset")).num_read == games, "nothing was compiled before"


def _finalize_again(folder: Path, games: int) -> None:
    """Compile the manifests again when nothing is new."""
    assert finalize(open_store(folder / "dataset")).num_kept == games, "all was compiled before"


def _status(folder: Path, games: int) -> None:
    found = dataset_progress(open_store(folder / "dataset"))
    assert found.status.num_committed == games, "all games are committed"


def _audit(folder: Path, games: int) -> None:
    report = audit(open_store(folder / "dataset"))
    assert report.holds, f"{games} games: {report.findings[:3]}"


STEPS: Final[Mapping[str, Callable[[Path, int], None]]] = {
    "scan": _scan,
    "plan": _plan,
    "resume": _resume,
    "finalize": _finalize,
    "finalize again": _finalize_again,
    "status": _status,
    "audit": _audit,
}
"""The steps of a dataset's life that take longer with more games."""


def measure(step: str, folder: Path, games: int) -> StepCost:
    """Do a step in this process, and return its cost."""
    before, used, begun = _megabytes("VmRSS"), time.process_time(), time.monotonic()
    STEPS[step](folder, games)
    wall, used = time.monotonic() - begun, time.process_time() - used
    return StepCost(wall, used, before, max(_megabytes("VmHWM"), before))


def _megabytes(name: str) -> float:
    """Read one of the kernel's counts of this process's memory; getrusage's peak includes the parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024 / 1e6


def _main() -> None:
    step, folder, games = sys.argv[1:]
    try:
        cost = measure(step, Path(folder), int(games))
    except FarmError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(asdict(cost)) + "\n")


if __name__ == "__main__":
    _main()
