"""Writes counts, bytes, durations and amounts of money for people, in units in which small ones show, too."""

from __future__ import annotations

from typing import Final

_BYTE_UNITS: Final = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_CENT: Final = 0.01


def size_text(num_bytes: float) -> str:
    """Write a number of bytes to three digits: 1.27 GB, 34.2 MB, 520 kB or 12 bytes."""
    for unit, name in _BYTE_UNITS:
        if num_bytes >= unit:
            return f"{_three_digits(num_bytes / unit)} {name}"
    return f"{num_bytes:,.0f} bytes"


def number_of(count: int, noun: str) -> str:
    """Write a count with its noun, which takes an s as plural: 1 game, 22,000 games."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _three_digits(value: float) -> str:
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"  # noqa: PLR2004 - powers of ten


def clock(seconds: float) -> str:
    """Write a duration: 42 s, 3 min 05 s, 2 h 07 min, 3 d 04 h."""
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if days:
        return f"{days} d {hours % 24:02} h"
    if hours:
        return f"{hours} h {minutes % 60:02} min"
    if minutes:
        return f"{minutes} min {whole % 60:02} s"
    return f"{whole} s"


def hours_text(hours: float) -> str:
    """Write many hours as 1,234.5 h, and less than one as minutes and seconds."""
    return f"{hours:,.1f} h" if hours >= 1 else clock(hours * 3600)


def dollars_text(dollars: float) -> str:
    """Write a price in US dollars; a price below one cent is written as such, not as nothing."""
    return "less than 0.01 USD" if 0 < dollars < _CENT else f"{dollars:,.2f} USD"
