"""Texts that ask for a Python: one version, or a constraint. Never a path, an option or a name."""

from __future__ import annotations

import re

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.redact import excerpt

_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")
_BUILT = re.compile(rf"({_VERSION.pattern})(?:(?:a|b|rc)[0-9]{{1,3}})?\+?")
"""What ``platform.python_version()`` can say: ``3.8.0+`` of a distribution, ``3.12.0rc1``."""

_CLAUSE = re.compile(rf"(?:(==|!=|<=|>=|<|>|~=|=)?({_VERSION.pattern})(\.?\*)?)")


def plain_version(text: str, origin: Origin) -> str:
    """Return a version of one to three numbers, as written. Raises Refusal (``input/python-version``)."""
    _check_length(text, origin)
    found = _BUILT.fullmatch(text)
    if found is None:
        raise _refusal(text, origin)
    return found[1]


def constraint(text: str, origin: Origin) -> str:
    """Return conda's version constraint on Python as a version or as PEP 440 clauses; empty for any.

    ``==3.8.8`` and ``3.8.*`` give the version. Of alternatives (``3.7|3.8``) the last is taken. Raises
    Refusal (``input/python-version``).
    """
    _check_length(text, origin)
    if text in {"", "*"}:
        return ""
    alternative = text.rpartition("|")[2]
    clauses = [_clause(part, text, origin) for part in alternative.split(",")]
    return clauses[0].removeprefix("==") if len(clauses) == 1 else ",".join(clauses)


def _clause(part: str, text: str, origin: Origin) -> str:
    found = _CLAUSE.fullmatch(part)
    if found is None:
        raise _refusal(text, origin)
    operator, version, star = (found[1] or "") if found[1] != "=" else "", found[2], found[3]
    # conda: a star behind an order operator says nothing (``>=3.8.*`` is ``>=3.8``).
    return f"!={version}.*" if operator == "!=" and star else operator + version


def _check_length(text: str, origin: Origin) -> None:
    if len(text) > limits.VERSION_CHARACTERS:
        raise Refusal("input/too-long", f"a Python version of {len(text)} characters", origin)


def _refusal(text: str, origin: Origin) -> Refusal:
    return Refusal(
        "input/python-version",
        f"{excerpt(text)!r} is no Python version",
        origin,
        hint="write one to three numbers with dots, such as 3.8 or 3.8.18",
    )
