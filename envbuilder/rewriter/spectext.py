"""The text of one conda dependency without its licensed channel and that channel's build."""

from __future__ import annotations

import re

from envbuilder.channels import CONDA_FORGE, restricted
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Origin
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.located import located_package
from envbuilder.rewriter.matchspecs import IDENTITY_KEYS

_SPOT = Origin(file="")
_BUILD = re.compile(
    r"(?P<name>[^\s=\[<>!~]+)\s*(?:==?\s*|\s)(?P<version>[^\s=,|<>!~\[]+)(?:\s*=\s*|\s+)(?P<build>[^\s=\[]+)"
)
_PAIR = re.compile(r"\s*(?P<key>\w+)\s*=\s*(?P<quote>['\"]?)(?P<value>[^'\",\]]*)(?P=quote)\s*")


def respelled(text: str, *, foreign: bool) -> str:
    """Return a match specification that asks no licensed channel for anything.

    ``foreign`` tells whether a build without a channel of its own may be a licensed channel's. The text
    stays as it is where it is fine, or where it cannot be changed without changing more.
    """
    try:
        before = read_matchspec(text, _SPOT)
    except EnvbuilderError:
        return _located(text)
    url = dict(before.brackets).get("url", "")
    if url:
        return _located(url) if restricted(url) and _located(url) != url else text
    foreign = restricted(before.channel) if before.channel else foreign
    new = _without_build(_requalified(text)) if foreign else text
    try:
        after = read_matchspec(new, _SPOT)
    except EnvbuilderError:
        return text
    same = (before.name, before.version) == (after.name, after.version)
    return new if same and not restricted(after.channel) else text


def _located(text: str) -> str:
    package = located_package(text)
    if package is None or not package.licensed:
        return text
    return f"{CONDA_FORGE}::{package.name}=={package.version}"


def _requalified(text: str) -> str:
    head, bracket, tail = text.partition("[")
    channel, colons, rest = head.rpartition("::")
    if colons:
        folder = re.search(r"/(?:noarch|[a-z]+-[a-z0-9]+)/?$", channel)
        base = channel[: folder.start()] if folder else channel
        if restricted(base):
            head = f"{CONDA_FORGE}{folder[0] if folder else ''}::{rest}"
    return head + bracket + tail


def _without_build(text: str) -> str:
    head, bracket, tail = text.partition("[")
    channel, colons, rest = head.rpartition("::")
    found = _BUILD.fullmatch(rest.strip())
    if found and "*" not in found["build"]:
        # ``a=1=b`` means exactly 1, ``a=1`` does not.
        rest = f"{found['name']}=={found['version']}"
    return channel + colons + rest + (_pairs(tail) if bracket else "")


def _pairs(tail: str) -> str:
    """Return the brackets (without the first ``[``) without what names a file of a licensed channel."""
    inside, _, rest = tail.partition("]")
    kept: list[str] = []
    for part in inside.split(","):
        found = _PAIR.fullmatch(part)
        if found and (found["key"] in IDENTITY_KEYS or (found["key"] == "build" and "*" not in part)):
            continue
        if found and found["key"] == "channel" and restricted(found["value"]):
            kept.append(part.replace(found["value"], CONDA_FORGE))
        else:
            kept.append(part)
    return f"[{','.join(kept)}]{rest}" if kept else rest
