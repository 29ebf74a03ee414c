"""The licences of a report for people: the licences by number, then what is wrong by cause, then the totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from envbuilder.codes import catalogue
from envbuilder.escapes import terminal_line
from envbuilder.findings import Finding, Level
from envbuilder.redact import excerpt, visible
from envbuilder.report.licences import licence_of, totals
from envbuilder.report.report import RANKS, LicenseState, ModelReport, PackageReport, Report
from envbuilder.report.text import Style, counted, plain, verdict, wrapped

KINDS = ("expression", "field", "classifier", "ambiguous", "text", "unknown", "parse-error")
"""Of evidence, in PEP 639's order."""

UNJUDGED = "the policy has no [licenses] allow: licences are listed, not judged"

_SHOWN = 12
"""Packages of one cause that are listed; the others are counted."""

_VERSIONS = 4

_NAME = 44
"""Characters of a licence in the table."""


@dataclass(kw_only=True, slots=True)
class _Case:
    """One package with one kind of finding, in all models that have it."""

    package: PackageReport
    finding: Finding
    versions: dict[str, None] = field(default_factory=dict)
    models: dict[str, ModelReport] = field(default_factory=dict)


def write(report: Report, *, fail_on: Level, style: Style = plain) -> Iterator[str]:  # noqa: ARG001
    """Yield the report line by line."""
    for line in _lines(report, style):
        yield terminal_line(line) + "\n"


def _lines(report: Report, style: Style) -> Iterator[str]:
    yield from _table(report, style)
    for key, cases in _grouped(report):
        yield from _group(key, cases, report, style)
    for finding in report.policy_findings:
        place = f" {finding.origin}" if finding.origin else ""
        yield from wrapped(
            f"{finding.level.value}[{finding.code}]{place}: {visible(finding.message)}", "", "  "
        )
        yield from wrapped(f"hint: {visible(finding.hint)}", "  ", "    ")
        yield ""
    if report.skipped:
        yield style("not read", None)
        for item in report.skipped:
            yield from wrapped(f"{visible(item.path)}: {visible(item.reason)}", "  ", "    ")
        yield ""
    yield from wrapped(evidence_line(report), "", "  ")
    yield from wrapped(verdict(report), "", "")


def _table(report: Report, style: Style) -> Iterator[str]:
    rows = totals(report.models)
    if not rows:
        return
    yield style(f"{'packages':>8}  {'licence':<{_NAME}}  verdict", None)
    judged = any(row.state in (LicenseState.ALLOWED, LicenseState.DENIED) for row in rows)
    for row in rows:
        state = row.state.value if judged or row.state is not LicenseState.UNJUDGED else ""
        yield f"{row.packages:>8,}  {excerpt(_words(row.licence), _NAME):<{_NAME}}  {state}".rstrip()
    yield ""
    if not judged:
        yield from wrapped(UNJUDGED, "", "  ")
        yield ""


def _words(licence: str) -> str:
    """A licence without the kind of its evidence, which the verdict tells already."""
    kind, colon, words = licence.partition(": ")
    return words if colon and kind in KINDS else licence


def _grouped(report: Report) -> list[tuple[tuple[Level, str, str], list[_Case]]]:
    """The findings by cause: a code and the licence or the words that it is about, the weightiest first."""
    groups: dict[tuple[Level, str, str], dict[str, _Case]] = defaultdict(dict)
    for model in report.models:
        packages = {package.name: package for package in model.packages}
        for finding in model.findings:
            package = packages[finding.subject]
            cases = groups[finding.level, finding.code, _words(licence_of(package))]
            case = cases.setdefault(package.name, _Case(package=package, finding=finding))
            case.versions[package.version] = None
            case.models.setdefault(model.model, model)
    ordered = sorted(
        groups.items(), key=lambda item: (RANKS[item[0][0]], item[0][1], -len(item[1]), item[0][2])
    )
    return [(key, [cases[name] for name in sorted(cases)]) for key, cases in ordered]


def _group(key: tuple[Level, str, str], cases: list[_Case], report: Report, style: Style) -> Iterator[str]:
    level, code, cause = key
    number = f"{len(cases):,} package{'' if len(cases) == 1 else 's'}"
    head, *rest = wrapped(f"{level.value}[{code}] {visible(cause)}: {number}", "", "  ")
    yield head.replace(level.value, style(level.value, level), 1)
    yield from rest
    for case in cases[:_SHOWN]:
        yield from _case(case, len(report.models))
    if len(cases) > _SHOWN:
        yield f"  and {len(cases) - _SHOWN:,} more"
    yield from wrapped(f"hint: {_hint(code, cause, cases)}", "  ", "    ")
    yield ""


def _hint(code: str, cause: str, cases: list[_Case]) -> str:
    """The cure for all of them; words that mean one thing everywhere are settled by one line."""
    if len(cases) == 1:
        return visible(cases[0].finding.hint)
    if all(f'"{cause}" means in [licenses.aliases]' in case.finding.hint for case in cases):
        return f'if it always means the same: [licenses.aliases] "{visible(cause)}" = "an SPDX expression"'
    return catalogue()[code].cure


def _case(case: _Case, models: int) -> Iterator[str]:
    shown = [excerpt(version, 30) for version in case.versions]
    more = f" and {len(shown) - _VERSIONS:,} more" if len(shown) > _VERSIONS else ""
    number = f" in {counted(len(case.models), models)}" if models > 1 else ""
    yield from wrapped(
        visible(f"{case.package.name} {', '.join(shown[:_VERSIONS])}{more}{number}"), "  ", "      "
    )
    model = next(iter(case.models.values()))
    origin = case.finding.origin
    place = f"{model.place(case.finding)}:{origin.line}: " if origin else ""
    chain = " -> ".join(case.package.chain)
    yield from wrapped(visible(f"{place}{chain}"), "      ", "        ")


def evidence_line(report: Report) -> str:
    """Return how many different packages have which kind of evidence."""
    packages = {(p.name, p.version, p.files): p for model in report.models for p in model.packages}
    kinds = Counter(p.evidence.partition(":")[0] for p in packages.values() if p.evidence)
    parts = [f"{kinds[kind]:,} {kind}" for kind in KINDS if kinds[kind]]
    settled = sum(package.concluded for package in packages.values())
    by_policy = f"; {settled:,} settled by the policy" if settled else ""
    return f"{len(packages):,} packages by evidence: {', '.join(parts) or 'none'}{by_policy}"
