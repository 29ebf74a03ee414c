"""The causes of the findings as a table, each with its subjects, its meaning and its cure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from envbuilder.codes import catalogue
from envbuilder.escapes import html_text
from envbuilder.redact import excerpt
from envbuilder.report.causes import Cause, CauseGroup, causes_of
from envbuilder.report.report import Report
from envbuilder.report.text import counted

_SUBJECTS = 8
"""Subjects of one code that are listed; the others are counted."""
_SHOWN = 120
"""Characters of a subject."""
_CODE = re.compile("`([^`]+)`")


def causes(report: Report) -> Iterator[str]:
    """Yield the table; a sentence where there is nothing to tell."""
    groups = causes_of(report.models)
    if not groups:
        yield "<p>Nothing was found.</p>\n"
        return
    yield '<table class="causes">\n<thead><tr><th scope="col">Cause</th><th scope="col">Models</th>'
    yield '<th scope="col">Fixable by rewrite</th></tr></thead>\n'
    yield "<tbody>\n"
    for group in groups:
        yield from _group(group, len(report.models))
    yield "</tbody>\n</table>\n"


def _group(group: CauseGroup, models: int) -> Iterator[str]:
    entry = catalogue().get(group.code)
    fixable = f"{group.fixable:,}" if group.fixable else '<span class="none">none</span>'
    yield f'<tr><th scope="row"><span class="level {group.level.value}">{group.level.value}</span> '
    yield f'<a href="#code={html_text(group.code)}"><code>{html_text(group.code)}</code></a>'
    if entry:
        yield f"<p>{_sentence(entry.meaning)}</p><p><b>Cure:</b> {_sentence(entry.cure)}</p>"
    yield from _subjects([cause for cause in group.causes if cause.subject])
    yield f'</th><td class="number">{counted(group.models, models)}</td>'
    yield f'<td class="number" data-name="fixable">{fixable}</td></tr>\n'


def _subjects(named: list[Cause]) -> Iterator[str]:
    if not named:
        return
    yield '<ul class="subjects">'
    for cause in named[:_SUBJECTS]:
        fixable = f", {cause.fixable:,} fixable" if cause.fixable else ""
        yield f"<li><code>{html_text(excerpt(cause.subject, _SHOWN))}</code> in {cause.models:,}{fixable}</li>"
    if len(named) > _SUBJECTS:
        yield f"<li>and {len(named) - _SUBJECTS:,} more</li>"
    yield "</ul>"


def _sentence(text: str) -> str:
    """Return a text of the catalogue as a sentence, its backticks as code."""
    first = text.partition(" ")[0]
    shown = text[:1].upper() + text[1:] if first.isalpha() else text
    return _CODE.sub(r"<code>\1</code>", html_text(shown.rstrip(".") + "."))
