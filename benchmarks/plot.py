"""One picture of all rows, as SVG made by hand: how many times as long as ours each peer takes."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS, WIDTH, LINE, TITLE = 300, 860, 18, 26
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d", "#e45756")
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600}.g{stroke:#d0d7de}"
    ".o{stroke:#24292f;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#3d444d}.o{stroke:#e6edf3}}"
)


def picture(groups: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Return the SVG: a group of bars for each title, on one logarithmic axis. 1 is ours."""
    groups = [(title, bars) for title, bars in groups if bars]
    values = [value for _, bars in groups for _, value in bars] or [1.0]
    low = math.floor(math.log10(min(*values, 1.0)))
    high = math.ceil(math.log10(max(*values, 10.0)))
    colours = _colours([name for _, bars in groups for name, _ in bars])

    def x(value: float) -> float:
        return LABELS + (WIDTH - LABELS - 60) * (math.log10(value) - low) / (high - low)

    parts, top = [], TITLE + 8.0
    for title, bars in groups:
        parts.append(f'<text class="t" x="8" y="{top + 13:g}">{html.escape(title)}</text>')
        top += TITLE - 6
        for name, value in bars:
            parts += _bar(name, value, one=x(1.0), end=x(value), top=top, colour=colours[name])
            top += LINE
        top += 10
    grid = [_tick(x(10.0**power), 10.0**power, top) for power in range(low, high + 1)]
    head = (
        '<text x="8" y="18">times as long as envbuilder (1), logarithmic; right of the line is slower</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 20:g}" role="img" '
        f'aria-label="Times of other tools, in times of envbuilder"><style>{STYLE}</style>'
        + "".join([head, *grid, *parts])
        + "</svg>\n"
    )


def _colours(names: Sequence[str]) -> dict[str, str]:
    known = dict.fromkeys(names)
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(known)}


def _bar(name: str, value: float, *, one: float, end: float, top: float, colour: str) -> list[str]:
    left, width = min(one, end), max(abs(end - one), 1.0)
    return [
        f'<text x="20" y="{top + 12:g}">{html.escape(name)}</text>',
        f'<rect x="{left:.1f}" y="{top + 2:g}" width="{width:.1f}" height="{LINE - 5}" fill="{colour}"/>',
        f'<text x="{max(one, end) + 6:.1f}" y="{top + 12:g}">{value:.3g}</text>',
    ]


def _tick(x: float, value: float, bottom: float) -> str:
    kind = "o" if value == 1 else "g"
    line = f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TITLE}" y2="{bottom:g}"/>'
    return f'{line}<text x="{x:.1f}" y="{bottom + 14:g}" text-anchor="middle">{value:g}</text>'
