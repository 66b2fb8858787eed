"""Draw bar charts as SVG, for light and dark mode, without a plotting library: equal data, equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_BAR: Final = 16  # height of a bar, in pixels, as are all the following sizes
_STEP: Final = 22  # from one bar to the next
_LABELS: Final = 170  # width of the names at the left
_BARS: Final = 420  # width of the longest bar
_VALUES: Final = 70  # width of the numbers at the right
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#333}rect{fill:#4878a8}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}rect{fill:#7aa6d6}}"
)


def bar_chart(title: str, counts: Mapping[str, int]) -> bytes:
    """Draw horizontal bars, longest first; bars of equal length are in order of their names."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    longest = max([value for _, value in ranked], default=0) or 1
    width, height = _LABELS + _BARS + _VALUES, _STEP * (len(ranked) + 1) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="{_LABELS}" y="14" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(ranked, 1):
        top = place * _STEP
        bar = round(_BARS * value / longest, 1)
        lines += [
            f'<text x="{_LABELS - 6}" y="{top + 12}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LABELS}" y="{top}" width="{bar}" height="{_BAR}"/>',
            f'<text x="{_LABELS + bar + 6}" y="{top + 12}">{value:,}</text>',
        ]
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()
