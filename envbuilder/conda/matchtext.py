"""Match specifications as the solver takes them, which reads texts strictly and some of conda's not at all.

The grammar is conda's MatchSpec and VersionSpec (CEP 29); ``name[version="…",build="…"]`` is the spelling in
which nothing has to be guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.channels import location
from envbuilder.errors import ResolveError
from envbuilder.redact import excerpt
from envbuilder.rewriter.matchspecs import rendered

if TYPE_CHECKING:
    from envbuilder.spec import CondaName, CondaRequirement

_KEYS = {
    "build_number": re.compile(r"(?:[<>]=?|==?|!=)?[0-9]{1,9}"),
    "fn": re.compile(r"[A-Za-z0-9_.+!-]+"),
    "license": re.compile(r"[A-Za-z0-9_.+ ()/-]+"),
    "md5": re.compile(r"[0-9a-fA-F]{32}"),
    "sha256": re.compile(r"[0-9a-fA-F]{64}"),
    "track_features": re.compile(r"[A-Za-z0-9_.+-]+"),
}
"""What can be asked of a package beside its version and build, and how it is written."""

_BUILD = re.compile(r"[A-Za-z0-9_.+*]+")
_ATOM = re.compile(r"(?P<operator>===|==|~=|!=|<=|>=|<|>|=|)(?P<version>.*?)(?P<star>\.?\*(?:\.\*)*)?")
_VERSION = re.compile(
    r"(?:[0-9]+!)?[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*_?(?:\+[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*_?)?"
)
_ORDERS = frozenset({"<", "<=", ">", ">=", "~="})


def spec_text(item: CondaRequirement) -> str:
    """Return a dependency as the solver takes it.

    Raises ResolveError (``resolve/malformed``) for what the solver cannot be asked, by the dependency's line.
    """
    pairs: list[tuple[str, str]] = []
    if item.version and (version := version_text(item.version, item)) != "*":
        pairs.append(("version", version))
    if item.build:
        if not _BUILD.fullmatch(item.build):
            raise _unasked(item, f"a build like {excerpt(item.build, 60)}")
        pairs.append(("build", item.build))
    for key, value in item.brackets:
        known = _KEYS.get(key)
        if known is None or not known.fullmatch(value):
            raise _unasked(item, excerpt(f"{key}={value}", 60))
        pairs.append((key, value))
    if item.subdir:
        pairs.append(("subdir", item.subdir))
    if item.channel:
        place = location(item.channel)
        if place is None:
            raise _unasked(item, f"the channel {excerpt(item.channel, 60)}")
        pairs.append(("channel", place))
    inside = ",".join(f'{key}="{value}"' for key, value in pairs)
    return f"{item.name}[{inside}]" if inside else item.name


def version_text(constraint: str, item: CondaRequirement) -> str:
    """Return a version constraint of ours (see CondaRequirement.version) without conda's superfluous spellings."""
    parts = re.split(r"([,|])", constraint)
    return "".join(part if part in {",", "|"} else _atom(part, item) for part in parts)


def _atom(text: str, item: CondaRequirement) -> str:
    found = _ATOM.fullmatch(text)
    operator, version, star = found.groups() if found else ("", "", "")
    if not version and star and operator in {"", "=", "=="}:
        return "*"
    if not _VERSION.fullmatch(version):
        raise _unasked(item, f"a version like {excerpt(text, 60)}")
    if operator in _ORDERS:
        return f"{operator}{version}"  # a star behind an order says nothing
    if operator == "!=":
        return f"!={version}{'.*' if star else ''}"
    return f"{version}.*" if star or operator == "=" else f"=={version}"


def _unasked(item: CondaRequirement, what: str) -> ResolveError:
    return ResolveError(
        f"{what} cannot be asked of conda channels: {excerpt(rendered(item))}",
        code="resolve/malformed",
        requirements=((item.origin, item.text),),
        origin=item.origin,
        hint="write the line as `name=version`",
    )


def pin_text(name: CondaName, specifier: str) -> str:
    """Return a PEP 440 specifier (empty for any) as a constraint on a conda package.

    Where conda knows no equal (a local label), the clause is left out: to ask for less refuses nothing that fits.
    """
    clauses = [_pep440_clause(clause.strip()) for clause in specifier.split(",")]
    said = ",".join(clause for clause in clauses if clause)
    return f'{name}[version="{said}"]' if said else name


def _pep440_clause(clause: str) -> str:
    found = _ATOM.fullmatch(clause)
    operator, version, star = found.groups() if found else ("", "", "")
    if "+" in version or not _VERSION.fullmatch(version) or operator in {"", "="}:
        return ""
    if operator in _ORDERS:
        return f"{operator}{version}"
    if operator == "!=":
        return f"!={version}{'.*' if star else ''}"
    return f"{version}.*" if star else f"=={version}"
