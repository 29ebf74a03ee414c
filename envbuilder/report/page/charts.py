"""Charts of plain bars: models by code, models by channel, packages by licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from envbuilder.channels import restricted
from envbuilder.escapes import html_text
from envbuilder.redact import excerpt
from envbuilder.report.causes import causes_of
from envbuilder.report.licences import totals
from envbuilder.report.report import Report

_BARS = 12
"""Bars of one chart; what is rarer is counted."""
_SHOWN = 60
"""Characters of a label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bar:
    label: str
    count: int
    kind: str
    """The class of its colour."""
    fixable: int = 0
    more: str = ""


def charts(report: Report) -> Iterator[str]:
    """Yield a figure for each thing that there is something of."""
    yield from _figure("Models by finding", _by_code(report), "full colour: fixable by rewrite")
    yield from _figure("Models by channel", _by_channel(report), "red: licensed by Anaconda")
    yield from _figure("Packages by licence", _by_licence(report), "over all locks, each package once")


def _by_code(report: Report) -> list[_Bar]:
    return [
        _Bar(label=group.code, count=group.models, kind=group.level.value, fixable=group.fixable,
             more=f"{group.level.value}, {group.fixable:,} fixable")
        for group in causes_of(report.models)
    ]  # fmt: skip


def _by_channel(report: Report) -> list[_Bar]:
    found = Counter(channel for model in report.models for channel in set(model.channels))
    return [
        _Bar(
            label=name, count=count, kind="error" if licensed else "fine", more="licensed" if licensed else ""
        )
        for name, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
        for licensed in [restricted(name)]
    ]


def _by_licence(report: Report) -> list[_Bar]:
    return [
        _Bar(label=row.licence, count=row.packages, kind=row.state.value, more=row.state.value)
        for row in totals(report.models)
    ]


def _figure(title: str, bars: list[_Bar], legend: str) -> Iterator[str]:
    if not bars:
        return
    most = max(bar.count for bar in bars)
    yield f'<figure>\n<figcaption>{title} <span class="legend">{legend}</span></figcaption>\n<ul class="bars">\n'
    for bar in sorted(bars, key=lambda bar: -bar.count)[:_BARS]:
        yield _row(bar, most)
    yield "</ul>\n"
    if len(bars) > _BARS:
        yield f"<p>and {len(bars) - _BARS:,} more</p>\n"
    yield "</figure>\n"


def _row(bar: _Bar, most: int) -> str:
    told = f' <span class="unseen">({html_text(bar.more)})</span>' if bar.more else ""
    width, fixed = (f"{100 * count / most:.2f}%" for count in (bar.count, bar.fixable))
    mended = f'<rect class="mended" width="{fixed}" height="100%"/>' if bar.fixable else ""
    return (
        f'<li class="{bar.kind}"><span class="label"><code>{html_text(excerpt(bar.label, _SHOWN))}</code>{told}</span> '
        f'<span class="count">{bar.count:,}</span>'
        f'<svg aria-hidden="true"><rect width="{width}" height="100%"/>{mended}</svg></li>\n'
    )
