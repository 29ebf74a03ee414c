"""Asking the channels what they have of some names, without solving anything."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from envbuilder.conda.dialogue import ask, meaningless
from envbuilder.conda.faults import unreachable
from envbuilder.conda.matching import Release
from envbuilder.conda.solving import listings_of
from envbuilder.progress import SILENT, Progress
from envbuilder.web import WebError

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.conda.questions import CondaQuestion
    from envbuilder.settings import Settings


def releases(
    question: CondaQuestion, *, cache: Path, settings: Settings, progress: Progress = SILENT
) -> tuple[tuple[Release, ...], ...]:
    """Return for each specification of a question what matches it, of the first channel that has the name.

    Neither day nor constraints nor dependencies count. Raises as envbuilder.conda.solving.solve(), and
    ResolveError (``resolve/network``) for a channel that cannot be reached.
    """
    try:
        listings = listings_of(question, cache=cache, settings=settings, progress=progress)
    except WebError as error:
        raise unreachable(error.message) from None
    answer = ask({"op": "match", "specs": list(question.specs), "listings": listings})
    match answer:
        case {"records": dict(known), "matches": list(matches)} if len(matches) == len(question.specs):
            try:
                every = {str(name): tuple(map(_release, found)) for name, found in known.items()}
                return tuple(tuple(every[name][at] for at in places) for name, places in matches)
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise meaningless(str(error)) from None
    raise meaningless("no releases")


def _release(found: list[Any]) -> Release:
    version, build, milliseconds = found
    built = None
    if milliseconds:
        built = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return Release(version=str(version), build=str(build), built=built)
