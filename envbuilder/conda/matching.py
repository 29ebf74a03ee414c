"""What the channels have of a name at all: the releases that match specifications, whatever else they need."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envbuilder.conda.questions import CondaAnswer, CondaQuestion
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings

_PYTHON_BUILD = re.compile(r"(?:^|_)py(\d)(\d{1,2})(?!\d)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A record of a channel, as far as a choice between versions needs it."""

    version: str
    build: str
    built: datetime.datetime | None = None
    """None where the channel does not tell; then it counts as old."""

    def is_for(self, minor: tuple[int, int]) -> bool:
        """Whether it may be used with a Python, by its build string (``py38h…``)."""
        found = _PYTHON_BUILD.search(self.build)
        return found is None or (int(found[1]), int(found[2])) == minor


class Channels(Protocol):
    """Who answers questions about channels: py-rattler, in a child process."""

    def solve(self, question: CondaQuestion) -> CondaAnswer:
        """Return a solution, or why there is none."""

    def matching(self, specs: Sequence[str], question: CondaQuestion) -> tuple[tuple[Release, ...], ...]:
        """Return for each specification the releases that match it, from the first channel that has the name.

        Of ``question`` only sources and platform count: neither day nor dependencies do.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class RattlerChannels:
    """The channels themselves. Raises as envbuilder.conda.solving.solve()."""

    cache: Path
    settings: Settings
    progress: Progress

    def solve(self, question: CondaQuestion) -> CondaAnswer:
        """Return a solution, or why there is none."""
        from envbuilder.conda.solving import solve

        return solve(question, cache=self.cache, settings=self.settings, progress=self.progress)

    def matching(self, specs: Sequence[str], question: CondaQuestion) -> tuple[tuple[Release, ...], ...]:
        """Return for each specification the releases that match it."""
        from envbuilder.conda.releases import releases

        asked = replace(question, specs=tuple(specs), constraints=(), cutoff=None, exempt=())
        return releases(asked, cache=self.cache, settings=self.settings, progress=self.progress)
