"""The report of `farm bench all`: rows, the table made of them, and the place where it stands in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BEGIN: Final = "<!-- farm bench all: from here to the end mark, the next run writes anew -->"
END: Final = "<!-- farm bench all: end -->"
_HEAD: Final = ("what", "figure", "limit or peer", "ratio", "aim", "measured on", "command")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One figure of this project, beside its limit or a peer.

    Attributes:
        what: what was measured.
        figure: ours, with its unit; or why there is none.
        limit: the limit, or the peer, with its figure.
        ratio: ours over the other, or the other way about, as `what` says.
        aim: what the ratio or the figure should be.
    """

    what: str
    figure: str
    limit: str = ""
    ratio: str = ""
    aim: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """The rows of one bench.

    Attributes:
        command: that gives them again.
        machine_and_date: on what and when they were measured.
        rows: the figures.
    """

    command: str
    machine_and_date: str
    rows: tuple[ReportRow, ...]


def markdown(measured: Iterable[MeasuredRows]) -> str:
    """Make the table of all rows."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for one in measured:
        for row in one.rows:
            command = f"`{one.command}`" if one.command else ""
            lines.append(
                _line((row.what, row.figure, row.limit, row.ratio, row.aim, one.machine_and_date, command))
            )
    return "\n".join(lines)


def with_generated(text: str, generated: str) -> str:
    """Return a report in which what stands between the marks is replaced, or added at its end.

    Raises:
        ValueError: one mark is there without the other, or before it.
    """
    block = f"{BEGIN}\n\n{generated}\n\n{END}"
    if BEGIN not in text and END not in text:
        return f"{text.rstrip()}\n\n{block}\n".lstrip()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"the marks {BEGIN!r} and {END!r} stand in pairs, in this order; put the other one back"
        raise ValueError(message)
    return f"{before}{block}{after}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"
