"""What pip-compile's error texts mean (collected from pip 24 to 26 under pip-tools 7)."""

from __future__ import annotations

import re
from typing import Final

from packaging.utils import canonicalize_name

from envbuilder.redact import visible
from envbuilder.resolver.engine import Failure, FailureKind
from envbuilder.spec import PypiName

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAMED: Final = (
    re.compile(rf"No matching distribution found for ({_NAME})"),
    re.compile(rf"SpecifierRequirement\('({_NAME})"),
    re.compile(rf"satisfies the requirement ({_NAME})"),
    re.compile(rf"Failed to build '({_NAME})"),
)
_NETWORK: Final = re.compile(
    r"Could not fetch URL|Failed to establish a new connection|ConnectionError|ConnectionFailed|ConnectTimeout"
    r"|ReadTimeout|NewConnectionError|SSLError|Max retries exceeded|Name or service not known|connection-failed",
)
_NO_SOLUTION: Final = re.compile(r"No matching distribution|ResolutionImpossible|conflicting dependencies")
_BUILD: Final = re.compile(
    r"Failed to build|metadata-generation-failed|subprocess-exited-with-error|FailedToPrepareCandidate"
)

LONGEST = 8000


def read_failure(stderr: str) -> Failure:
    """Return what pip-compile's stderr says, safe to show and without its traceback's frames."""
    lines = [line for line in stderr.strip().splitlines() if line.strip() and not _frame(line)]
    text = "\n".join(visible(line) for line in lines)[-LONGEST:]
    names = dict.fromkeys(
        PypiName(canonicalize_name(name)) for pattern in _NAMED for name in pattern.findall(text)
    )
    return Failure(kind=_kind(stderr), text=text, packages=tuple(names))


def _frame(line: str) -> bool:
    return line.startswith(("  ", "Traceback (", "The above exception", "During handling of"))


def _kind(text: str) -> FailureKind:
    # An index that cannot be reached has no distribution either: the network comes first.
    if _NETWORK.search(text):
        return FailureKind.NETWORK
    if _BUILD.search(text):
        return FailureKind.BUILD
    return FailureKind.NO_SOLUTION if _NO_SOLUTION.search(text) else FailureKind.TOOL
