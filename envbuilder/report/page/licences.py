"""The licences of all locks together, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.escapes import html_text
from envbuilder.redact import excerpt
from envbuilder.report.licences import Total, totals
from envbuilder.report.report import Report
from envbuilder.report.text import counted

_ROWS = 200
_NAMES = 40
"""Packages that are named for one licence; the others are counted, and filtering finds them."""
_SHOWN = 120


def licences(report: Report) -> Iterator[str]:
    """Yield the section; nothing where the report is about no lock."""
    if not report.of_locks:
        return
    rows = totals(report.models)
    yield '<section id="licences" aria-labelledby="licences-title">\n<h2 id="licences-title">Licences</h2>\n'
    yield '<table class="licences">\n<thead><tr><th scope="col">Licence</th><th scope="col">Verdict</th>'
    yield '<th scope="col">Packages</th><th scope="col">Models</th></tr></thead>\n<tbody>\n'
    for row in rows[:_ROWS]:
        yield _row(row, len(report.models))
    yield "</tbody>\n</table>\n"
    if len(rows) > _ROWS:
        yield f"<p>and {len(rows) - _ROWS:,} more</p>\n"
    yield "</section>\n"


def _row(row: Total, models: int) -> str:
    named = ", ".join(html_text(excerpt(name)) for name in row.names[:_NAMES])
    more = f", and {len(row.names) - _NAMES:,} more" if len(row.names) > _NAMES else ""
    return (
        f'<tr><th scope="row"><code>{html_text(excerpt(row.licence, _SHOWN))}</code></th>'
        f'<td><span class="state {row.state.value}">{row.state.value}</span></td>'
        f"<td><details><summary>{row.packages:,} package{'' if row.packages == 1 else 's'}</summary>"
        f"{named}{more}</details></td>"
        f'<td class="number">{counted(row.models, models)}</td></tr>\n'
    )
