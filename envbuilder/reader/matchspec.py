"""One item of a conda file's dependencies (conda's MatchSpec grammar) as a CondaRequirement."""

from __future__ import annotations

import re

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.redact import excerpt, masked, masked_url
from envbuilder.spec import CondaName, CondaRequirement

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_HEAD = re.compile(r"[^\s=<>!~\[,|]*")
_BRACKET = re.compile(r"\s*\[((?:[^\[\]\"']|\"[^\"]*\"|'[^']*')*)\]")
_PAIR = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(\"[^\"]*\"|'[^']*'|[^,\s\"']+)\s*(?:,|$)")
_ATOM = re.compile(r"(===|==|~=|!=|<=|>=|<|>|=)?([A-Za-z0-9_.*+!-]+)")
_BUILD = re.compile(r"[A-Za-z0-9_.*+^$()\\|?-]+")
_BUILD_BEHIND = re.compile(r"(.*[^=<>!~,|])=([^=<>!~,|]+)")
"""``==1.2=build``, ``>=1,<2=build``: an equals sign that no operator holds and no clause begins with."""
_CHANNEL_SUBDIR = re.compile(r"(.+)/((?:linux|osx|win|emscripten|wasi|freebsd|zos)-[a-z0-9]+|noarch)/?")


def read_matchspec(text: str, origin: Origin) -> CondaRequirement:
    """Return the parts of a match specification: ``a=1.2`` has version ``=1.2``, ``a 1.2`` has ``==1.2``.

    Credentials in a channel are masked, in ``text`` too. Raises Refusal (``input/malformed-requirement``,
    ``too-long``, ``too-many``, ``non-ascii-name``).
    """
    if len(text) > limits.URL_CHARACTERS:
        raise Refusal("input/too-long", f"a dependency of {len(text)} characters", origin)
    channel, rest = _split_channel(re.sub(r"\s+#.*$", "", text).strip())
    name, rest = _split_name(rest, text, origin)
    brackets, rest = _split_brackets(rest, text, origin)
    version, build = _split_version(rest, text, origin)
    channel, subdir = _split_subdir(brackets.pop("channel", channel))
    if "version" in brackets:
        version = _constraint(brackets.pop("version"), text, origin, fuzzy=False)
    return CondaRequirement(
        name=name,
        version=version,
        build=_checked_build(brackets.pop("build", build), text, origin),
        channel=masked_url(channel),
        subdir=masked(brackets.pop("subdir", subdir)),
        brackets=tuple(sorted((key, masked(value)) for key, value in brackets.items())),
        text=_masked_text(text, channel),
        origin=origin,
    )


def _masked_text(text: str, channel: str) -> str:
    return masked(text.replace(channel, masked_url(channel)) if channel else text)


def _split_channel(text: str) -> tuple[str, str]:
    """Split ``channel::rest``; a namespace (``channel:namespace:rest``) is not known to any server."""
    head = text.partition("[")[0]
    channel, separator, _ = head.rpartition("::")
    return (channel.strip(), text[len(channel) + 2 :].strip()) if separator else ("", text)


def _split_subdir(channel: str) -> tuple[str, str]:
    found = _CHANNEL_SUBDIR.fullmatch(channel)
    return (found[1], found[2]) if found else (channel, "")


def _split_name(rest: str, text: str, origin: Origin) -> tuple[CondaName, str]:
    head = _HEAD.match(rest)
    name = head[0] if head else ""
    if len(name) > limits.NAME_CHARACTERS:
        raise Refusal("input/too-long", f"a name of {len(name)} characters", origin)
    if not name.isascii():
        message = f"the name {excerpt(name)} is not ASCII"
        raise Refusal("input/non-ascii-name", message, origin, hint="write the name in ASCII letters")
    if not _NAME.fullmatch(name) or re.fullmatch(r"[0-9.]+", name):
        raise _malformed(text, "it does not begin with a package's name", origin)
    return CondaName(name.lower()), rest[len(name) :]


def _split_brackets(rest: str, text: str, origin: Origin) -> tuple[dict[str, str], str]:
    pairs: dict[str, str] = {}
    while (start := rest.find("[")) >= 0:
        found = _BRACKET.match(rest, start)
        if found is None:
            raise _malformed(text, "a bracket is not closed", origin)
        pairs |= _pairs(found[1], text, origin)
        rest = f"{rest[:start]} {rest[found.end() :]}"
    if "]" in rest:
        raise _malformed(text, "a bracket is not opened", origin)
    return pairs, rest


def _pairs(inside: str, text: str, origin: Origin) -> dict[str, str]:
    pairs: dict[str, str] = {}
    position = 0
    while position < len(inside):
        found = _PAIR.match(inside, position)
        if found is None or found[1].lower() in pairs:
            raise _malformed(text, "the brackets hold no `key=value` pairs", origin)
        pairs[found[1].lower()] = found[2].strip("\"'")
        position = found.end()
    return pairs


def _split_version(rest: str, text: str, origin: Origin) -> tuple[str, str]:
    """Return the version constraint and the build string of what follows the name."""
    rest = rest.strip()
    if rest.startswith("=") and not rest.startswith("=="):
        # name=1.2, name=1.2=build, name =1.2 build
        body = rest[1:].strip()
        if body[:1] in {"<", ">", "!", "~"}:
            raise _malformed(text, "two operators in a row", origin)
        version, separator, build = body.partition("=")
        if separator or " " in body:
            version, build = (version, build) if separator else body.split(" ", 1)
            return _constraint(version.strip(), text, origin, fuzzy=False), build.strip()
        return _constraint(body, text, origin, fuzzy=True), ""
    # Blanks around commas, bars and behind operators belong to the version.
    joined = re.sub(r"\s*([,|])\s*", r"\1", re.sub(r"([=<>!~])\s+", r"\1", rest))
    version, _, build = joined.partition(" ")
    behind = None if build else _BUILD_BEHIND.fullmatch(version)
    if behind:
        version, build = behind[1], behind[2]
    return _constraint(version, text, origin, fuzzy=False), build.strip()


def _constraint(version: str, text: str, origin: Origin, *, fuzzy: bool) -> str:
    if version in {"", "*"}:
        return ""
    pieces = re.split(r"([,|])", version.strip())
    if len(pieces) > limits.CLAUSES * 2:
        raise Refusal("input/too-many", f"{len(pieces)} version clauses", origin)
    atoms = [_atom(piece, text, origin, fuzzy=fuzzy and index == 0) for index, piece in enumerate(pieces)]
    return "".join(atoms)


def _atom(piece: str, text: str, origin: Origin, *, fuzzy: bool) -> str:
    if piece in {",", "|"}:
        return piece
    found = _ATOM.fullmatch(piece.strip())
    if found is None:
        raise _malformed(text, "its version constraint cannot be read", origin)
    operator, number = found[1] or "", found[2]
    if len(number) > limits.VERSION_CHARACTERS:
        raise Refusal("input/too-long", f"a version of {len(number)} characters", origin)
    if operator == "=" or (fuzzy and not operator):
        return number if number.endswith("*") else f"={number}"
    if not operator:
        return number if "*" in number else f"=={number}"
    return operator + number


def _checked_build(build: str, text: str, origin: Origin) -> str:
    if build in {"", "*"}:
        return ""
    # ``a>=1 <2``: conda reads the second half as a build, nobody who wrote it did.
    if len(build) > limits.NAME_CHARACTERS or not _BUILD.fullmatch(build):
        raise _malformed(text, f"{excerpt(build, 40)!r} stands where a build would", origin)
    return build


def _malformed(text: str, why: str, origin: Origin) -> Refusal:
    message = f"{excerpt(text)!r} is no conda dependency: {why}"
    return Refusal("input/malformed-requirement", message, origin, hint="write it as `name=version`")
