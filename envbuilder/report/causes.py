"""Findings grouped by their cause: what a registry suffers from, before which model does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from envbuilder.findings import Level
from envbuilder.report.report import RANKS, ModelReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One reason for findings: a code and what it is about (``channel/restricted`` of ``defaults``)."""

    code: str
    level: Level
    subject: str
    """Empty where the code says it all."""
    models: int
    fixable: int
    """The models in which every such finding has a fix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseGroup:
    """The causes of one code and level, the most frequent first."""

    code: str
    level: Level
    models: int
    """Models with at least one of the causes; less than the sum where a model has several."""
    fixable: int
    causes: tuple[Cause, ...]


class _Tally:
    """The models of one cause: how many, and in how many each finding has a fix."""

    def __init__(self) -> None:
        self._fixable: dict[int, bool] = {}

    def add(self, model: int, *, fixable: bool) -> None:
        self._fixable[model] = self._fixable.get(model, True) and fixable

    @property
    def models(self) -> int:
        return len(self._fixable)

    @property
    def fixable(self) -> int:
        return sum(self._fixable.values())


def causes_of(models: Iterable[ModelReport]) -> tuple[CauseGroup, ...]:
    """Return every cause with the number of its models, errors first, the most frequent first."""
    groups: dict[tuple[str, Level], dict[str, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    totals: dict[tuple[str, Level], _Tally] = defaultdict(_Tally)
    for number, model in enumerate(models):
        for finding in model.findings:
            key, fixable = (finding.code, finding.level), finding.fix is not None
            groups[key][finding.subject].add(number, fixable=fixable)
            totals[key].add(number, fixable=fixable)
    found = [_group(key, totals[key], tallies) for key, tallies in groups.items()]
    return tuple(sorted(found, key=lambda group: (RANKS[group.level], -group.models, group.code)))


def _group(key: tuple[str, Level], total: _Tally, tallies: dict[str, _Tally]) -> CauseGroup:
    code, level = key
    causes = [
        Cause(code=code, level=level, subject=subject, models=tally.models, fixable=tally.fixable)
        for subject, tally in tallies.items()
    ]
    causes.sort(key=lambda cause: (-cause.models, cause.subject))
    return CauseGroup(
        code=code, level=level, models=total.models, fixable=total.fixable, causes=tuple(causes)
    )
