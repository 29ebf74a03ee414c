"""What uv's error texts mean: the kind of failure, the packages it names, the Python they want.

The texts are not an interface of uv; they were collected from uv 0.9 to 0.13. An unknown text is still a
failure with its words, only without names, so the ladder has less to go by.
"""

from __future__ import annotations

import re
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from envbuilder.redact import visible
from envbuilder.resolver.engine import Failure, FailureKind, Lack, Yanked
from envbuilder.spec import PypiName

_NETWORK: Final = re.compile(
    r"error sending request|failed to fetch|request failed|dns error|tcp connect|connection (?:refused|reset)"
    r"|timed? ?out|certificate|network (?:connectivity|is) (?:is )?(?:disabled|unreachable)|HTTP status",
    re.IGNORECASE,
)
_UNASKED: Final = re.compile(r"network (?:was|connectivity is) disabled|could not be queried.*\(401 ")
"""A package that could not be looked up, offline or for want of a password, ends as "no solution" too. Not 403:
some indexes answer so for what they do not have."""

_BUILD: Final = re.compile(
    r"failed to build|build backend|failed to (?:download and )?(?:prepare|extract)|egg_info", re.IGNORECASE
)
_NO_SOLUTION: Final = re.compile(r"no solution found|requirements are unsatisfiable", re.IGNORECASE)

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAMED: Final = (
    re.compile(rf"(?<![\w.-])({_NAME})(?:\[[\w,.-]*\])?(?:===?|[<>~!]=|[<>])[0-9v*]"),
    re.compile(rf"[Bb]ecause (?:only )?({_NAME}) was not found"),
    re.compile(rf"(?:depends on|you require|versions? of|all of:) ({_NAME})(?=[\s\[,]|$)"),
    re.compile(rf"`({_NAME})` was filtered"),
)
_NOT_NAMES: Final = frozenset(
    {"python", "cpython", "uv", "pip-compile", "exclude-newer", "exclude-newer-package"}
)
_PYTHON: Final = re.compile(r"does not satisfy Python((?:[<>=!~]=?[0-9.*]+)(?:,[<>=!~]=?[0-9.*]+)*)")
_TAGS: Final = re.compile(
    r"with the following Python (?:ABI |implementation )?tags?: ((?:`[a-z0-9_]+`(?:, )?)+)"
)
_PLATFORMS: Final = re.compile(r"on the following platforms?: ((?:`[A-Za-z0-9_.]+`(?:, )?)+)")
_LACKS: Final = (
    (re.compile(r"was not found in the (?:package registry|provided|cache)"), Lack.NAME),
    (re.compile(r"there (?:is|are) no versions? of"), Lack.VERSION),
    (re.compile(r"no wheels with a matching platform tag"), Lack.PLATFORM),
    (re.compile(r"no wheels with a matching Python|does not satisfy Python"), Lack.PYTHON),
)
_YOUNGER: Final = re.compile(rf"`({_NAME})` was filtered by `exclude-newer`")
_UNBUILT: Final = re.compile(rf"(?:build|prepare|extract)[a-z ]* `({_NAME})==([0-9][^`\s]*)`")
_CPYTHON_TAG: Final = re.compile(r"`cp(\d)(\d+)[a-z]*`")

_YANKED: Final = re.compile(rf"(?m)^warning: `({_NAME})==([0-9][^`\s]*)` is yanked(?: \(reason: \"(.*)\"\))?")

LONGEST = 8000
"""Characters of an explanation that are kept; uv's may run to pages for a full freeze."""


def read_failure(stderr: str) -> Failure:
    """Return what uv's stderr says, safe to show."""
    whole = "\n".join(visible(line) for line in stderr.strip().splitlines())
    text = whole[:LONGEST]
    return Failure(
        kind=_kind(whole), text=text, packages=_packages(text), python=_python(text),
        platforms=_platforms(text), lack=_lack(text), release=_release(text), younger=_younger(text),
    )  # fmt: skip


def _kind(text: str) -> FailureKind:
    if _NO_SOLUTION.search(text):
        return FailureKind.NETWORK if _UNASKED.search(text) else FailureKind.NO_SOLUTION
    # A build that fails to fetch its own tools says so further down: the network comes first.
    if _NETWORK.search(text.partition("[stderr]")[0]):
        return FailureKind.NETWORK
    return FailureKind.BUILD if _BUILD.search(text) else FailureKind.TOOL


def _packages(text: str) -> tuple[PypiName, ...]:
    """The names in order of appearance; a build's own output is not searched."""
    head = text.partition("[stderr]")[0].partition("[stdout]")[0]
    found = sorted((match.start(1), match.group(1)) for pattern in _NAMED for match in pattern.finditer(head))
    names = dict.fromkeys(PypiName(canonicalize_name(name)) for _, name in found)
    return tuple(name for name in names if name not in _NOT_NAMES)


def _python(text: str) -> str:
    """All Pythons that named packages want, as one specifier set; empty if none or if unreadable."""
    wanted = {match.group(1) for match in _PYTHON.finditer(text)}
    tags = [tag for match in _TAGS.finditer(text) for tag in _CPYTHON_TAG.findall(match.group(1))]
    minors = sorted({(int(major), int(minor)) for major, minor in tags})
    if minors:
        wanted.add(f">={minors[0][0]}.{minors[0][1]},<{minors[-1][0]}.{minors[-1][1] + 1}")
    try:
        return str(SpecifierSet(",".join(sorted(wanted)))) if wanted else ""
    except InvalidSpecifier:
        return ""


def _platforms(text: str) -> tuple[str, ...]:
    return tuple(
        tag.strip("`") for found in _PLATFORMS.findall(text) for tag in found.rstrip(", ").split(", ")
    )


def _lack(text: str) -> Lack | None:
    """The cause that is named first; a later one is about a package that the first one brought up."""
    found = [(match.start(), lack) for pattern, lack in _LACKS if (match := pattern.search(text))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _release(text: str) -> tuple[PypiName, str] | None:
    match = _UNBUILT.search(text)
    return (PypiName(canonicalize_name(match.group(1))), match.group(2)) if match else None


def _younger(text: str) -> tuple[PypiName, ...]:
    return tuple(dict.fromkeys(PypiName(canonicalize_name(name)) for name in _YOUNGER.findall(text)))


def read_yanked(text: str) -> tuple[Yanked, ...]:
    """Return the releases of a solution that uv's warnings call yanked, in their order."""
    return tuple(
        Yanked(name=PypiName(canonicalize_name(name)), version=version, reason=visible(reason or ""))
        for name, version, reason in _YANKED.findall(text)
    )
