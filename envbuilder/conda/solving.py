"""Solving: from match specifications to records of channels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from envbuilder.conda.access import Access
from envbuilder.conda.dialogue import SECONDS, ask, available, meaningless
from envbuilder.conda.gate import refuse
from envbuilder.conda.listings import Listings
from envbuilder.conda.questions import CondaFailure, CondaSolution
from envbuilder.conda.records import read_record, sorted_packages
from envbuilder.conda.subdirs import NOARCH, subdir_of
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import masked, visible
from envbuilder.resolver.engine import FailureKind
from envbuilder.spec import CondaName
from envbuilder.web import WebError

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.conda.questions import CondaAnswer, CondaQuestion
    from envbuilder.settings import Settings

TIMEOUT: Final = 600
"""Seconds for one solution; on conda-forge's whole list it takes less than one."""

LINES: Final = 60
"""Of an explanation; the solver lists every version that does not do."""

_NAMED: Final = re.compile(
    r"(?m)^[\s│├└─]*[├└]─ ([a-z0-9_][a-z0-9_.-]*)(?![\w.-])|for ([a-z0-9_][a-z0-9_.-]*)"
)


def solve(
    question: CondaQuestion, *, cache: Path, settings: Settings, progress: Progress = SILENT
) -> CondaAnswer:
    """Answer one question; ``cache`` is a folder of the store that many processes share.

    Channels have strict priority; no channel but ``question.sources`` is ever asked, none of the host's own
    configuration. Under a cut-off, records without a time are taken only where nothing else gives a solution
    (their ``built`` is None). A record without sha256, or of a URL outside its channel, cannot be chosen: that
    raises. Raises PolicyError (``channel/restricted``, ``channel/not-allowed``, ``channel/no-hash``),
    StoreError, ToolError where py-rattler is missing or gives no answer, UsageError for a platform that no
    channel knows.
    """
    try:
        found = listings_of(question, cache=cache, settings=settings, progress=progress)
    except WebError as error:
        return CondaFailure(kind=FailureKind.NETWORK, text=error.message)
    progress.phase("resolve", "conda")
    return _read(ask(_request(question, found), seconds=SECONDS), question)


def listings_of(
    question: CondaQuestion, *, cache: Path, settings: Settings, progress: Progress = SILENT
) -> list[dict[str, str]]:
    """Return the lists of a question's channels in the child's words. Raises as solve(), and WebError."""
    available()
    subdir = subdir_of(question.platform)
    listings = Listings(cache / "repodata", Access(question.sources, settings), offline=settings.offline)
    return [
        {"channel": source.channel, "subdir": part, "path": str(path)}
        for source in question.sources
        for part, path in _lists(listings, source.channel, subdir, progress)
    ]


def _lists(listings: Listings, channel: str, subdir: str, progress: Progress) -> list[tuple[str, Path]]:
    """Return the lists of a channel. Raises WebError where it has none at all."""
    found = []
    for part in (subdir, NOARCH):
        progress.phase("download", f"the list of {channel}/{part}")
        path = listings.path(channel, part)
        found += [(part, path)] if path else []
    if not found:
        raise listings.missing(channel)
    return found


def _request(question: CondaQuestion, listings: list[dict[str, str]]) -> dict[str, Any]:
    cutoff = question.cutoff
    return {
        "op": "solve",
        "specs": list(question.specs),
        "constraints": list(question.constraints),
        "listings": listings,
        "virtual": [[package.name, package.version, package.build] for package in question.virtual],
        # A number, since py-rattler takes the hands of any clock for those of UTC.
        "cutoff": int(cutoff.timestamp() * 1000) if cutoff else None,
        "exempt": list(question.exempt),
        "seconds": TIMEOUT,
    }


def _read(answer: dict[str, Any], question: CondaQuestion) -> CondaAnswer:
    match answer:
        case {"records": [*records]}:
            try:
                packages = sorted_packages(map(read_record, records))
            except ValueError as error:
                raise meaningless(str(error)) from None
            refuse(packages, question.sources)
            return CondaSolution(packages=packages)
        case {"unsolvable": str(text)}:
            return CondaFailure(kind=FailureKind.NO_SOLUTION, text=_shown(text), packages=tuple(_names(text)))
        case {"damaged": str(text)}:
            said = f"the list of a channel cannot be read: {_shown(text)}"
            return CondaFailure(kind=FailureKind.TOOL, text=said)
        case {"unreadable": str(text)}:
            return CondaFailure(kind=FailureKind.TOOL, text=_shown(text))
    raise meaningless("neither records nor a reason")


def _shown(text: str) -> str:
    """Return the solver's words, each line once, the first ones where there are very many."""
    said = masked(text.removeprefix("Cannot solve the request because of: "))
    lines = list(dict.fromkeys(visible(line) for line in said.splitlines() if line.strip()))
    more = [f"… {len(lines) - LINES} lines more"] if len(lines) > LINES else []
    return "\n".join(lines[:LINES] + more)


def _names(text: str) -> list[CondaName]:
    """Return the packages that an explanation names, in its order."""
    found = (tree or plain for tree, plain in _NAMED.findall(text))
    return list(dict.fromkeys(map(CondaName, found)))
