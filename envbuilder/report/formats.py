"""The output formats by name; each is imported when it is first used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from envbuilder.errors import UsageError

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
    "cyclonedx": "envbuilder.report.cyclonedx",
}
"""Name: the module whose ``write`` writes it."""

_EXTRAS = {"cyclonedx": ("cyclonedx", "cyclonedx")}
"""Formats made by a library that is no dependency: its module, and the extra that brings it."""


def require(name: str) -> None:
    """Raise UsageError where the library that a format is made with is not installed."""
    module, extra = _EXTRAS.get(name, ("", ""))
    if module and find_spec(module) is None:
        raise UsageError(
            f"the format {name} needs a library that is not installed",
            hint=f"install it: pip install 'envbuilder[{extra}]'",
        )


def writer(name: str) -> Write:
    """Return the writer of a format that FORMATS lists. Raises UsageError where its library is missing."""
    require(name)
    write: Write = import_module(FORMATS[name]).write
    return write
