"""The report of `farm bench all`: its rows, the table made from them, and the table's place in a file."""

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
    """One measured figure of this project, with its limit or a peer's figure.

    Attributes:
        what: what was measured.
        figure: our figure, with its unit; or why there is none.
        limit: the limit, or the peer, with its figure.
        ratio: our figure divided by the other, or the reverse, as `what` says.
        aim: what the ratio or the figure should be.
    """

    what: str
    figure: str
    limit: str = ""
    ratio: str = ""
    aim: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """The report's rows from one bench.

    Attributes:
        command: the command that measures them again.
        machine_and_date: the machine and the day of the measurement.
        rows: the figures.
    """

    command: str
    machine_and_date: str
    rows: tuple[ReportRow, ...]


def markdown(measured: Iterable[MeasuredRows]) -> str:
    """Return the Markdown table of all rows."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for one in measured:
        for row in one.rows:
            command = f"`{one.command}`" if one.command else ""
            lines.append(
                _line((row.what, row.figure, row.limit, row.ratio, row.aim, one.machine_and_date, command))
            )
    return "\n".join(lines)


def with_generated(text: str, generated: str) -> str:
    """Return a report with the text between the marks replaced, or with the text added at its end.

    Raises:
        ValueError: one mark is missing, or the marks are in the wrong order.
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
