"""The models as data for the page's script: in chunks, each text once.

A chunk is ``{"texts", "findings", "packages", "models"}``: what it adds to four tables. Findings, packages
and models are rows of numbers; texts, findings and packages are meant by their number in their table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from envbuilder.channels import restricted
from envbuilder.codes import catalogue
from envbuilder.escapes import script_json
from envbuilder.findings import Finding
from envbuilder.redact import visible
from envbuilder.report.licences import licence_of
from envbuilder.report.objects import time_text
from envbuilder.report.report import RANKS, ModelReport, PackageReport, Report

LIMIT = 48_000_000
"""Characters of all models' data; browsers take more, mail servers do not."""

_CHUNK = 500
"""Models."""
_SHOWN = 4000
"""Characters of one text."""


def data(report: Report) -> Iterator[str]:
    """Yield script elements that hold the data; models that no longer fit are left out and counted."""
    tables = _Tables()
    room = LIMIT
    listed = _weightiest_first(report.models)
    for start in range(0, len(listed), _CHUNK):
        chunk = script_json(tables.chunk(listed[start : start + _CHUNK]))
        room -= len(chunk)
        if room < 0:
            yield _element({"left": len(listed) - start})
            break
        yield f'<script type="application/json" class="data">{chunk}</script>\n'
    yield _element({"codes": _codes(report)})


def note(report: Report) -> Iterator[str]:
    """Yield what stands in the place of the table where no script runs."""
    yield f"<p>The table of the {len(report.models):,} models needs JavaScript. "
    yield "<code>envbuilder audit --output text</code> lists them too.</p>"


def _element(value: Any) -> str:
    return f'<script type="application/json" class="data">{script_json(value)}</script>\n'


def _weightiest_first(models: tuple[ModelReport, ...]) -> list[ModelReport]:
    return sorted(models, key=lambda model: min((RANKS[f.level] for f in model.findings), default=len(RANKS)))


def _codes(report: Report) -> dict[str, list[str]]:
    used = {finding.code for model in report.models for finding in model.findings}
    return {code: [entry.meaning, entry.cure] for code, entry in catalogue().items() if code in used}


class _Tables:
    """What was already told, by number. It grows with what differs between models."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._findings: dict[Finding, int] = {}
        self._packages: dict[PackageReport, int] = {}
        self._kinds: dict[int, tuple[tuple[Finding, ...], list[int]]] = {}
        self._new: dict[str, list[Any]] = {}

    def chunk(self, models: list[ModelReport]) -> dict[str, list[Any]]:
        self._new = {"texts": [], "findings": [], "packages": [], "models": []}
        for model in models:
            self._new["models"].append(self._model(model))
        return self._new

    def _model(self, model: ModelReport) -> list[Any]:
        return [
            _cut(model.model),
            self._text(model.mlflow_version),
            time_text(model.created),
            self._text(model.python),
            [[self._text(channel), int(restricted(channel))] for channel in model.channels],
            self._all_findings(model.findings),
            [self._package(package) for package in model.packages],
        ]

    def _all_findings(self, findings: tuple[Finding, ...]) -> list[int]:
        """Return their numbers. Models of one content share one tuple: to hash each finding again is slow."""
        known = self._kinds.get(id(findings))
        if known is None:
            # The tuple is kept too, so that its id stays its own.
            known = self._kinds[id(findings)] = (findings, [self._finding(finding) for finding in findings])
        return known[1]

    def _finding(self, finding: Finding) -> int:
        number = self._findings.get(finding)
        if number is None:
            number = self._findings[finding] = len(self._findings)
            fix = finding.fix
            self._new["findings"].append([
                self._text(finding.code), RANKS[finding.level], self._text(finding.message),
                self._text(str(finding.origin)) if finding.origin else -1,
                self._text(finding.hint), self._text(finding.subject),
                [self._text(fix.description), self._text(fix.before), self._text(fix.after)] if fix else None,
            ])  # fmt: skip
        return number

    def _package(self, package: PackageReport) -> int:
        number = self._packages.get(package)
        if number is None:
            number = self._packages[package] = len(self._packages)
            self._new["packages"].append([
                self._text(package.name), self._text(package.version), self._text(licence_of(package)),
                self._text(package.state.value), self._text(package.evidence), self._text(" → ".join(package.chain)),
            ])  # fmt: skip
        return number

    def _text(self, text: str | None) -> int:
        if not text:
            return -1
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = len(self._texts)
            self._new["texts"].append(_cut(text))
        return number


def _cut(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return visible(shown, newlines=True)
