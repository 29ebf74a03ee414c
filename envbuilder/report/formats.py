"""The output formats by name; each is imported when it is first used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from envbuilder.findings import Level
    from envbuilder.report.report import Report


class Write(Protocol):
    """Turns a report into text, piece by piece."""

    def __call__(self, report: Report, *, fail_on: Level) -> Iterator[str]:
        """Yield the pieces; findings from ``fail_on`` on make the run fail, where a format can say so."""


FORMATS = {
    "text": "envbuilder.report.text",
    "json": "envbuilder.report.objects",
    "markdown": "envbuilder.report.markdown",
    "sarif": "envbuilder.report.sarif",
    "junit": "envbuilder.report.junit",
    "github": "envbuilder.report.github",
    "html": "envbuilder.report.html",
}
"""Name: the module whose ``write`` writes it."""


def writer(name: str) -> Write:
    """Return the writer of a format that FORMATS lists."""
    write: Write = import_module(FORMATS[name]).write
    return write
