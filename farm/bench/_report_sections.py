"""The benches that `farm bench all` runs: each with its command, its deadline, and a maker of rows."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from farm.bench import _report_rows as rows
from farm.bench._apart import FARM
from farm.bench._peers import PEERS, peer_named, reading
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from farm.bench._report import ReportRow
    from farm.bench._report_rows import Answers

_SCRIPTS: Final = Path(__file__).parent
_WINDOW, _WINDOWS, _FEW_WINDOWS, _ROUNDS = 16, 96, 24, 5


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folders and options that the benches of one run share.

    Attributes:
        dataset: a rendered dataset with manifests and LeRobot's tables.
        states: a dataset of states alone.
        replays: replays with which readers are timed.
        scratch: folder for temporary files.
        is_quick: whether the shortest measurement is enough.
        peers: folder of `farm bench peers`; None if there is none.
        mira: a checkout of MIRA; None if there is none.
        slippi_dolphin: the playback Dolphin; None if there is none.
        plots: folder for plots; None for no plots.
    """

    dataset: Path
    states: Path
    replays: tuple[Path, ...]
    scratch: Path
    is_quick: bool
    peers: Path | None
    mira: Path | None
    slippi_dolphin: str | None
    plots: Path | None

    def answer(self, name: str) -> Path:
        """Return the file in which a bench's answer is kept for later benches, if it gave one."""
        return self.scratch / f"{name}.json"

    def peer(self, name: str) -> Path:
        """Return the folder of the peers, if this peer is installed.

        Raises:
            EnvironmentFailed: the peer is not installed.
        """
        if self.peers is None or not peer_named(name).is_installed(self.peers):
            message = f"{name} is not there: `farm bench peers DIR`, then --peers DIR"
            raise EnvironmentFailed(message)
        return self.peers


@dataclass(frozen=True, slots=True)
class Section:
    """One bench of the report.

    Attributes:
        name: the name by which `--only` picks it.
        words: makes its command; raises EnvironmentFailed if something that it needs is missing.
        rows: makes the rows from its answer and the answers of the benches before it.
        quick_seconds, whole_seconds: deadlines.
        is_slow: whether --quick leaves it out.
    """

    name: str
    words: Callable[[Workplace], Sequence[str]]
    rows: Callable[[Any, Answers], Sequence[ReportRow]]
    quick_seconds: float = 300.0
    whole_seconds: float = 3600.0
    is_slow: bool = False


def in_words(name: str, words: Sequence[str], at: Workplace) -> str:
    """Return a bench's command as a user would write it, without the names of this machine's folders."""
    if tuple(words[: len(FARM)]) != FARM:  # a script of this run, which nobody calls by hand
        return f"farm bench all --only {shlex.quote(name)} --peers DIR"
    text = shlex.join(["farm", *words[len(FARM) :]])
    places = {
        at.dataset: "SET",
        at.states: "STATES",
        at.scratch: "DIR",
        at.peers: "PEERS",
        at.mira: "MIRA",
        at.slippi_dolphin: "DOLPHIN",
        at.plots: "PLOTS",
    }
    for path, word in places.items():
        text = text.replace(str(path), word) if path else text
    return text.replace(" --json", "")


def read(section: Section, said: str, answers: dict[str, Any]) -> list[ReportRow]:
    """Make the rows from a bench's output, and keep the output among the answers, by the bench's name.

    Raises:
        ValueError: the output is not of the expected form.
    """
    try:
        answers[section.name] = json.loads(said)
        return list(section.rows(answers[section.name], answers))
    except (KeyError, TypeError, IndexError) as error:
        message = f"its answer could not be read: {type(error).__name__} {error}"
        raise ValueError(message) from error


def _bench(*words: str) -> list[str]:
    return [*FARM, "bench", *words, "--json"]


def _capture(at: Workplace) -> list[str]:
    if at.is_quick:
        return _bench("capture", "--runs", "1", "--frames", "600", "--scratch", str(at.scratch))
    # A long game is needed: without a dump, mainline Dolphin does not draw the last thousand frames or more.
    more = ("--frames", "7200", "--runs", "3", "--side-by-side", "2", "--side-by-side", "4")
    return _bench("capture", *more, "--scratch", str(at.scratch))


def _slippi(at: Workplace) -> list[str]:
    if at.slippi_dolphin is None:
        message = "no playback Dolphin: set SLIPPI_DOLPHIN to it"
        raise EnvironmentFailed(message)
    many = ("--runs", "1", "--frames", "600") if at.is_quick else ()
    where = ("--slippi-dolphin", at.slippi_dolphin, "--scratch", str(at.scratch))
    return _bench("capture", "--emulator", "slippi", *many, *where)


def _bytes(at: Workplace) -> list[str]:
    quick = ("--frames", "180", "--crf", "23", "--crf", "28", "--preset", "veryfast") if at.is_quick else ()
    plot = ("--plot", str(at.plots / "bytes.png")) if at.plots else ()
    return _bench("bytes", *quick, *plot, "--scratch", str(at.scratch))


def _state(at: Workplace) -> list[str]:
    return _bench("state", *(("--games", "1", "--no-libmelee") if at.is_quick else ()))


def _loader(at: Workplace) -> list[str]:
    return _bench("loader", "--dataset", str(at.dataset), "--windows", _windows(at))


def _size(at: Workplace) -> list[str]:
    return _bench("loader", "--dataset", str(at.dataset), "--windows", _windows(at), "--size", "288x384")


def _state_windows(at: Workplace) -> list[str]:
    games = ("--games", "2000") if at.is_quick else ()
    return _bench("loader", "--dataset", str(at.states), "--state", *games)


def _makespan(at: Workplace) -> list[str]:
    return _bench("makespan", *(("--games", "3000", "--slots", "64") if at.is_quick else ()))


def _scale(at: Workplace) -> list[str]:
    many = ("200", "400") if at.is_quick else ("2000", "8000", "22000")
    replays = ("20", "40") if at.is_quick else ("200", "800")
    sizes = [word for games in many for word in ("--games", games)]
    scans = [word for number in replays for word in ("--replays", number)]
    return _bench("scale", *sizes, *scans, "--scratch", str(at.scratch))


def _scheduling(at: Workplace) -> list[str]:
    return _bench("scheduling", "--pool", "local", *(("--games", "2000") if at.is_quick else ()))


def _slots(at: Workplace) -> list[str]:
    return _bench("slots", "--scratch", str(at.scratch))


def _lerobot(at: Workplace) -> list[str]:
    python = peer_named("lerobot").python(at.peer("lerobot"))
    script = _SCRIPTS / "_lerobot.py"
    return [str(python), str(script), str(at.dataset), str(_WINDOW), _windows(at), "torchcodec"]


def _torchcodec(at: Workplace) -> list[str]:
    python = peer_named("torchcodec").python(at.peer("torchcodec"))
    script = _SCRIPTS / "_torchcodec_windows.py"
    return [str(python), str(script), str(at.dataset), str(_WINDOW), _windows(at)]


def _mira(at: Workplace) -> list[str]:
    if at.mira is None:
        message = "MIRA is in no registry: fetch it yourself, then --mira DIR"
        raise EnvironmentFailed(message)
    python = peer_named("torchcodec").python(at.peer("torchcodec"))
    script = _SCRIPTS / "_mira_clips.py"
    split = str(at.scratch / "mira" / "train")
    return [str(python), str(script), str(at.mira), split, _windows(at), str(rows.CLIP_PICTURES)]


def _clips(at: Workplace) -> list[str]:
    if at.mira is None:
        message = "measured beside MIRA's loader alone: --mira DIR"
        raise EnvironmentFailed(message)
    return [sys.executable, "-P", "-m", "farm.bench._clip_windows", str(at.dataset), _windows(at)]


def _roadmap(at: Workplace) -> list[str]:
    words = []
    for option, name in (("--capture", "capture"), ("--bytes", "bytes")):
        if at.answer(name).exists():
            words += [option, str(at.answer(name))]
    return _bench("roadmap", *words)


def _reader(name: str) -> Callable[[Workplace], list[str]]:
    def words(at: Workplace) -> list[str]:
        rounds = 1 if at.is_quick else _ROUNDS
        script = _SCRIPTS / "_reading_peers.py"
        return reading(peer_named(name), at.peer(name), script, rounds, list(at.replays))

    return words


def _windows(at: Workplace) -> str:
    return str(_FEW_WINDOWS if at.is_quick else _WINDOWS)


SECTIONS: Final = (
    Section("capture", _capture, rows.of_capture, whole_seconds=4 * 3600),
    Section("slippi", _slippi, rows.of_capture, whole_seconds=7200),
    Section("slots", _slots, rows.of_slots, is_slow=True),
    Section("bytes", _bytes, rows.of_bytes),
    Section("state", _state, rows.of_state),
    *(
        Section(name, _reader(name), rows.of_reader(name))
        for name in (peer.name for peer in PEERS if "replays" in peer.what)
    ),
    Section("loader", _loader, rows.of_loader),
    Section("torchcodec", _torchcodec, rows.of_windows("torchcodec, a file opened for each window")),
    Section("lerobot", _lerobot, rows.of_windows("LeRobot's loader, by torchcodec")),
    Section("clips", _clips, rows.of_own_clips),
    Section("mira", _mira, rows.of_clips),
    Section("size", _size, rows.of_sizes),
    Section("state windows", _state_windows, rows.of_state_windows),
    Section("makespan", _makespan, rows.of_makespan),
    Section("scale", _scale, rows.of_scale, whole_seconds=7200),
    Section("scheduling", _scheduling, rows.of_scheduling),
    Section("roadmap", _roadmap, rows.of_roadmap),
)
"""All benches of the report, in the report's order."""
