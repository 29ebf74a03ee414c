"""What an installer's last words mean: which BuildError they become."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from envbuilder.bounds import exceeded
from envbuilder.errors import BuildError, StoreError

if TYPE_CHECKING:
    from envbuilder.process import Finished

LINES = 30
"""Lines of a log that an error quotes; the whole log is kept."""


class Cause(enum.Enum):
    """Why an installation failed; the value is the error's code."""

    DISK = "store/full"
    HASH = "build/hash-mismatch"
    LIMIT = "build/limit"
    NETWORK = "build/network"
    SOURCE = "build/source-failed"
    TOOL = "build/failed"


_SIGNS: Final = (
    (
        Cause.DISK,
        re.compile(r"no space left on device|disk quota exceeded|os error 28|os error 122", re.IGNORECASE),
    ),
    (Cause.HASH, re.compile(r"hash mismatch|do not match the hashes|hashes are required", re.IGNORECASE)),
    (
        Cause.SOURCE,
        re.compile(
            r"failed to build|build backend|failed building wheel|metadata-generation-failed"
            r"|python setup\.py|failed to resolve requirements from",
            re.IGNORECASE,
        ),
    ),
    (
        Cause.NETWORK,
        re.compile(
            r"error sending request|failed to fetch|request failed|dns error|connection (?:refused|reset|aborted)"
            r"|timed? ?out|certificate|network (?:was|is|connectivity)|HTTP status|newconnectionerror"
            r"|Could not connect|temporary failure in name resolution|error decoding response",
            re.IGNORECASE,
        ),
    ),
)

_HINTS: Final = {
    Cause.DISK: "make room on the store's disk, or move it with ENVBUILDER_HOME",
    Cause.HASH: "an index or a proxy gave another file than the one that was locked; lock again with --refresh",
    Cause.LIMIT: "build it on a host with more memory, or pin a version that has a wheel",
    Cause.NETWORK: "check the network and the index, then try again; nothing was left half-built",
    Cause.SOURCE: "install what its build needs (a compiler, headers), or ask for a version that has a wheel",
    Cause.TOOL: "see the log above",
}

_PACKAGE: Final = re.compile(
    r"[Ff]ailed to (?:download and )?build [`']?([A-Za-z0-9][\w.-]*)|[Ff]ailed building wheel for ([\w.-]+)"
    r"|[Ff]ailed to (?:download|fetch|read)[^`\n]*`([A-Za-z0-9][\w.-]*)[=`]|Hash mismatch for `([\w.-]+)"
)
_NETWORK: Final = _SIGNS[3][1]


def cause_of(text: str) -> Cause:
    """Return what a failed tool's stderr says was the cause."""
    found = next((cause for cause, sign in _SIGNS if sign.search(text)), Cause.TOOL)
    if found in (Cause.SOURCE, Cause.TOOL) and exceeded(text):
        return Cause.LIMIT
    # A build that could not fetch its tools is the network's fault, unless the build itself ran and failed.
    if found is Cause.SOURCE and "[stderr]" not in text and _NETWORK.search(text):
        return Cause.NETWORK
    return found


def failed(done: Finished, doing: str) -> BuildError | StoreError:
    """Return the error for a tool that ended badly while ``doing`` (``installing the wheels``)."""
    cause = cause_of(done.stderr)
    package = _package(done.stderr)
    about = f" ({package})" if package else ""
    kind = StoreError if cause is Cause.DISK else BuildError
    return kind(
        f"{doing} failed{about}: {_WORDS[cause]}",
        code=cause.value,
        detail=done.tail(LINES),
        hint=_HINTS[cause],
    )


_WORDS: Final = {
    Cause.DISK: "the disk is full",
    Cause.HASH: "a file is not the one that was locked",
    Cause.LIMIT: "a process wanted more memory, or a larger file, than it may have",
    Cause.NETWORK: "the index could not be reached",
    Cause.SOURCE: "a source distribution does not build",
    Cause.TOOL: "the installer gave up",
}


def _package(text: str) -> str:
    match = _PACKAGE.search(text)
    return next((group for group in match.groups() if group), "") if match else ""
