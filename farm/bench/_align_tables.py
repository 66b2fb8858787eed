"""Writes the figures of the alignment bench as tables and as JSON."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from farm.bench._trials import CLEAN, VERDICT, WITHOUT_STAMP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farm.bench._trials import FaultTrial, GameTrials

    Seconds = Sequence[tuple[int, float, float, float]]

_OBSERVERS: Final = ("count", "log", "stamp", "motion", WITHOUT_STAMP, VERDICT)


def fault_table(trials: Sequence[GameTrials]) -> Table:
    """Return a table of faults by observer: caught / missed / abstained, and median frames until noticed."""
    table = Table("fault", *_OBSERVERS, title="disagrees / agrees / abstains (median frames until noticed)")
    for fault, by_observer in _by_fault(trials).items():
        cells = []
        for observer in _OBSERVERS:
            heard = by_observer.get(observer, [])
            late = [each.late_frames for each in heard if each.late_frames is not None]
            counts = " / ".join(
                str(sum(each.answer == answer for each in heard))
                for answer in ("disagrees", "agrees", "abstains")
            )
            cells.append(counts + (f" ({statistics.median(late):.0f})" if late else ""))
        table.add_row(fault, *cells)
    return table


def shift_table(trials: Sequence[GameTrials]) -> Table:
    """Return a table of motion alone: exact, abstained, wrong, for games and chunks, by disturbance."""
    table = Table(
        "pictures",
        "stretch",
        "tried",
        "exact",
        "abstained",
        "wrong",
        "least margin",
        title="motion alone, shifted",
    )
    for (disturbance, stretch), row in _shifts(trials).items():
        share = f"{row['exact']} ({row['exact'] / row['tried']:.1%})"
        cells = (row["tried"], share, row["abstained"], row["wrong"], f"{row['least_margin']:.1f}")
        table.add_row(disturbance, stretch, *map(str, cells))
    return table


def cost_table(trials: Sequence[GameTrials], seconds: Seconds) -> Table:
    """Return a table of processor time per 1,000 pictures, and the share that evidence adds."""
    table = Table("processor seconds per 1,000 pictures", "", title="cost")
    for name, value in _cost(trials, seconds).items():
        table.add_row(name, f"{value:.1%}" if name.startswith("evidence adds") else f"{value:.2f}")
    return table


def survivors(trials: Sequence[GameTrials]) -> Iterator[str]:
    """Yield one line for each fault that passed the verdict unnoticed, and for each false alarm."""
    for game in trials:
        for each in game.faults:
            is_clean = each.fault.startswith(CLEAN)
            if each.observer == VERDICT and is_clean != (each.answer == "agrees"):
                kind = "false alarm" if is_clean else "survived the verdict"
                yield f"{kind}: {game.name}, {each.fault} {each.place}"


def json_report(trials: Sequence[GameTrials], seconds: Seconds) -> dict[str, Any]:
    """Return everything that the tables show, for JSON."""
    faults = {
        fault: {
            observer: {answer: sum(each.answer == answer for each in heard) for answer in _ANSWERS}
            for observer, heard in by_observer.items()
        }
        for fault, by_observer in _by_fault(trials).items()
    }
    shifts = {f"{disturbance}, {stretch}": row for (disturbance, stretch), row in _shifts(trials).items()}
    return {
        "faults": faults,
        "shifts": shifts,
        "cost": _cost(trials, seconds),
        "odd": list(survivors(trials)),
    }


_ANSWERS: Final = ("disagrees", "agrees", "abstains")


def _by_fault(trials: Sequence[GameTrials]) -> dict[str, dict[str, list[FaultTrial]]]:
    found: dict[str, dict[str, list[FaultTrial]]] = defaultdict(lambda: defaultdict(list))
    for game in trials:
        for each in game.faults:
            found[each.fault][each.observer].append(each)
    return found


def _shifts(trials: Sequence[GameTrials]) -> dict[tuple[str, str], dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for each in (shift for game in trials for shift in game.shifts):
        empty = {"tried": 0, "exact": 0, "abstained": 0, "wrong": 0, "least_margin": each.margin}
        row = rows.setdefault((each.disturbance, each.stretch), empty)
        row["tried"] += 1
        kind = "abstained" if each.answer is None else "exact" if each.answer == each.shift else "wrong"
        row[kind] += 1
        row["least_margin"] = min(row["least_margin"], each.margin)
    return rows


def _cost(trials: Sequence[GameTrials], seconds: Seconds) -> dict[str, float]:
    num_pictures = sum(each[0] for each in seconds)
    if not num_pictures:
        return {}
    per_thousand = 1000 / num_pictures
    emulator, other, noting = (sum(each[k] for each in seconds) * per_thousand for k in (1, 2, 3))
    weighing = sum(game.weighing_seconds for game in trials) * per_thousand
    return {
        "emulator": emulator,
        "encoding": other,
        "evidence, noting": noting,
        "evidence, weighing": weighing,
        "evidence adds": (noting + weighing) / (emulator + other),
    }
