"""What the page tells first, and last: the outcome, the numbers, what was not read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

from envbuilder.escapes import html_text
from envbuilder.findings import Level
from envbuilder.report.report import ModelReport, Report
from envbuilder.report.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

_LISTED = 1000
"""Skipped things that the page lists; the others are counted."""


def heading(report: Report, fail_on: Level) -> Iterator[str]:
    """Yield the title and the outcome in one sentence."""
    yield f"<h1>{_title(report)}</h1>\n"
    failing = sum(_has(model, fail_on) for model in report.models)
    word = "errors" if fail_on is Level.ERROR else "errors or warnings"
    if not report.complete:
        count = len(report.skipped)
        yield _outcome("incomplete", "Not complete", f"{count:,} {_things(count)} could not be read")
    elif report.fails(fail_on) and not failing:
        yield _outcome("failed", "Failed", "the policy has mistakes")
    elif failing:
        verb = "has" if failing == 1 else "have"
        yield _outcome("failed", "Failed", f"{counted(failing, len(report.models))} {verb} {word}")
    else:
        yield _outcome("passed", "Passed", f"none of {_models(len(report.models))} has {word}")


def _title(report: Report) -> str:
    return "Licences of model environments" if report.of_locks else "Audit of model environments"


def _models(count: int) -> str:
    return f"{count:,} model{'' if count == 1 else 's'}"


def _things(count: int) -> str:
    return "thing" if count == 1 else "things"


def _has(model: ModelReport, level: Level) -> bool:
    levels = {finding.level for finding in model.findings}
    return Level.ERROR in levels or (level is Level.WARNING and Level.WARNING in levels)


def _outcome(kind: str, word: str, sentence: str) -> str:
    return f'<p class="outcome {kind}"><strong>{word}</strong> <span>{sentence}</span></p>\n'


def facts(report: Report, fail_on: Level) -> Iterator[str]:
    """Yield what the report holds for: its day, the policy, whether all was read."""
    policy = f"<code>{html_text(report.policy)}</code>" if report.policy else "the default one"
    rows = {
        "Day": f'<time datetime="{report.today}">{report.today}</time>',
        "Policy": policy,
        "Complete": "yes"
        if report.complete
        else f'<a href="#not-read">no, {len(report.skipped):,} not read</a>',
        "Fails on": "errors" if fail_on is Level.ERROR else "errors and warnings",
        "Made by": f"envbuilder {html_text(version('envbuilder'))}",
    }
    if report.hidden:
        rows["Left out"] = f"{report.hidden:,} findings known from the baseline"
    for name, shown in rows.items():
        yield f"<div><dt>{name}</dt><dd>{shown}</dd></div>\n"


def tiles(report: Report) -> Iterator[str]:
    """Yield the numbers."""
    found = report.summary
    bad = [model for model in report.models if _has(model, Level.ERROR)]
    yield _tile("models", found.models, _share(sum(not model.findings for model in report.models), "clean"))
    yield _tile("errors", found.errors, _share(len(bad), "models"), Level.ERROR)
    yield _tile("warnings", found.warnings, _models_with(report.models, Level.WARNING), Level.WARNING)
    yield _tile("notes", found.notes, _models_with(report.models, Level.NOTE), Level.NOTE)
    mended = sum(_mended(model) for model in bad)
    if bad and (mended or not report.of_locks):
        yield _tile("fixable", mended, f"of {len(bad):,} with errors, by rewriting alone")
    if report.of_locks:
        packages = {(p.ecosystem, p.name, p.version) for model in report.models for p in model.packages}
        yield _tile("packages", len(packages), "different ones, in all locks together")


def _mended(model: ModelReport) -> bool:
    return all(finding.fix for finding in model.findings if finding.level is Level.ERROR)


def _models_with(models: Iterable[ModelReport], level: Level) -> str:
    return _share(sum(any(f.level is level for f in model.findings) for model in models), "models")


def _share(count: int, word: str) -> str:
    return f"{count:,} {word}" if word == "clean" else f"in {count:,} {word if count != 1 else word[:-1]}"


def _tile(word: str, count: int, more: str, level: Level | None = None) -> str:
    kind = f" {level.value}" if level and count else ""
    return f'<div class="tile{kind}"><dt>{word}</dt><dd><strong>{count:,}</strong> <span>{more}</span></dd></div>\n'


def policy(report: Report) -> Iterator[str]:
    """Yield what is wrong with the policy itself; nothing where that is nothing."""
    if not report.policy_findings:
        return
    yield '<section id="policy" aria-labelledby="policy-title">\n<h2 id="policy-title">Policy</h2>\n'
    yield '<ul class="findings">\n'
    for finding in report.policy_findings:
        level = finding.level.value
        hint = f'<p class="hint">Hint: {html_text(finding.hint)}</p>' if finding.hint else ""
        yield f'<li class="{level}"><p><span class="level {level}">{level}</span> <code>{html_text(finding.code)}</code> '
        yield f'<code class="place">{html_text(str(finding.origin or ""))}</code></p>'
        yield f"<p>{html_text(finding.message)}</p>{hint}</li>\n"
    yield "</ul>\n</section>\n"


def not_read(report: Report) -> Iterator[str]:
    """Yield what was not read, with the reason; nothing where all was."""
    if report.complete:
        return
    yield '<section id="not-read" aria-labelledby="not-read-title">\n'
    yield '<h2 id="not-read-title">Not read</h2>\n<p>What is in these may be wrong as well.</p>\n<dl class="paths">\n'
    for item in report.skipped[:_LISTED]:
        yield f"<div><dt><code>{html_text(item.path)}</code></dt><dd>{html_text(item.reason)}</dd></div>\n"
    yield "</dl>\n"
    if len(report.skipped) > _LISTED:
        yield f"<p>… and {len(report.skipped) - _LISTED:,} more, which the JSON report lists.</p>\n"
    yield "</section>\n"
