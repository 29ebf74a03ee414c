"""The sections of the policy, one small function each: what a key means is said in ``envbuilder.policy``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.limits import Limits, read_age, read_size
from envbuilder.policy import (
    Builds,
    Channels,
    Conda,
    PackagePattern,
    Pins,
    Policy,
    PolicyText,
    Pythons,
    PythonWay,
    Sources,
)
from envbuilder.policyfile.licenses import read_licenses
from envbuilder.policyfile.patterns import SYNTAX, read_pattern
from envbuilder.policyfile.tables import Table
from envbuilder.redact import SafeUrl

_INDEX = re.compile(r"(?:https?://[^/?#\s]|file:///)\S*\Z", re.IGNORECASE)
"""What of an index can be asked (see ``web``), or read from this host."""


def read_root(root: Table, written: PolicyText) -> Policy:
    """Return the policy of a table; what is wrong with it is noted in the table's mistakes."""
    policy = Policy(
        channels=read_channels(root.table("channels")),
        conda=read_conda(root.table("conda")),
        python=read_pythons(root.table("python")),
        sources=read_sources(root.table("sources")),
        builds=read_builds(root.table("builds")),
        licenses=read_licenses(root.table("licenses"), written),
        pins=read_pins(root.table("pins")),
        levels=read_levels(root.table("levels")),
        names=read_names(root.table("names")),
        store=read_store(root.table("store")),
        written=written,
    )
    root.close()
    return policy


def read_channels(table: Table) -> Channels:
    """Read ``[channels]``."""
    default = Channels()
    allow = table.texts("allow")
    for number, text in enumerate(allow):
        if not text.strip():
            table.wrong_at(("allow", number), "the name or the URL of a channel")
    return Channels(
        restricted=table.verdict("restricted", default.restricted),
        implicit_defaults=table.verdict("implicit-defaults", default.implicit_defaults),
        allow=allow,
        mirrors=tuple(sorted(_mirrors(table.table("mirrors")), key=lambda pair: pair[0])),
    )


def _mirrors(table: Table) -> Iterator[tuple[str, tuple[SafeUrl, ...]]]:
    from envbuilder.channels import canonical, restricted

    names: dict[str, str] = {}
    for name, _ in list(table.entries()):
        first = names.setdefault(canonical(name), name)
        if restricted(name) or not name.strip():
            table.wrong(name, "the mirrors of a channel that may be asked, such as conda-forge")
        elif first != name:
            table.wrong(name, f"one list with those of {first}, which is the same channel")
        urls = table.texts(name)
        for number, url in enumerate(urls):
            if not _INDEX.match(url) or restricted(url):
                wanted = "the URL of a mirror, such as https://mirror.example.org/conda-forge"
                table.wrong_at((name, number), wanted)
        yield name, tuple(map(SafeUrl, urls))


_CUDA = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")


def read_conda(table: Table) -> Conda:
    """Read ``[conda]``."""
    cuda = table.read("cuda", _cuda, 'a version of CUDA in quotes, such as "12.1"')
    engine = table.read("engine", _conda_engine, '"auto", "never" or "always"')
    return Conda(engine=engine or "auto", cuda=cuda or "")


def _cuda(value: Any) -> str:
    if not _CUDA.fullmatch(_text(value)):
        raise ValueError("no version")
    return _text(value)


def _conda_engine(value: Any) -> Literal["auto", "never", "always"]:
    engines: tuple[Literal["auto", "never", "always"], ...] = ("auto", "never", "always")
    return engines[engines.index(value)]


def read_pythons(table: Table) -> Pythons:
    """Read ``[python]``."""
    order = table.read("order", _order, 'a list of "host", "uv" and "conda-forge", each once')
    return Pythons(order=order) if order else Pythons()


def _order(value: Any) -> tuple[PythonWay, ...]:
    ways: tuple[PythonWay, ...] = get_args(PythonWay)
    if not isinstance(value, list) or not value or len(set(value)) < len(value):
        raise ValueError("no list of ways")
    return tuple(ways[ways.index(item)] for item in value)


def read_sources(table: Table) -> Sources:
    """Read ``[sources]``."""
    return Sources(
        indexes=tuple(_indexes(table)),
        url=table.verdict("url", "deny"),
        vcs=table.verdict("vcs", "deny"),
        local=table.verdict("local", "deny"),
        editable=table.verdict("editable", "deny"),
    )


def _indexes(table: Table) -> Iterator[SafeUrl]:
    for number, text in enumerate(table.texts("indexes")):
        if not _INDEX.match(text):
            wanted = "the URL of a package index, such as https://index.example.org/simple"
            table.wrong_at(("indexes", number), wanted)
        yield SafeUrl(text)


def read_builds(table: Table) -> Builds:
    """Read ``[builds]``."""
    sdist = table.read("sdist", _sdist, f'"locked", "never" or a list of packages, each {SYNTAX}')
    return Builds() if sdist is None else Builds(sdist=sdist)


def _sdist(value: Any) -> Literal["locked", "never"] | tuple[PackagePattern, ...]:
    if value == "locked":
        return "locked"
    if value == "never":
        return "never"
    if not isinstance(value, list):
        raise TypeError("no list of packages")
    return tuple(map(read_pattern, value))


def read_pins(table: Table) -> Pins:
    """Read ``[pins]``."""
    default = Pins()
    return Pins(
        unpinned=table.verdict("unpinned", default.unpinned),
        local_version=table.verdict("local-version", default.local_version),
        dummy_package=table.verdict("dummy-package", default.dummy_package),
        python_end_of_life=table.verdict("python-end-of-life", default.python_end_of_life),
    )


def read_names(table: Table) -> tuple[tuple[str, str], ...]:
    """Read ``[names]``."""
    names = []
    for conda, pypi in table.entries():
        if isinstance(pypi, str):
            names.append((conda, pypi))
        else:
            table.wrong(conda, "the name on the package index, or an empty text")
    return tuple(sorted(names))


def read_store(table: Table) -> Limits:
    """Read ``[store]``."""
    return Limits(
        max_size=table.read("max-size", _size, 'a size such as "50GB"'),
        min_free=table.read("min-free", _size, 'a size such as "5GB"'),
        max_age=table.read("max-age", _age, 'an age such as "30d"'),
    )


def _size(value: Any) -> int:
    try:
        return read_size(_text(value))
    except UsageError as error:
        raise ValueError(error.message) from error


def _age(value: Any) -> int:
    try:
        return read_age(_text(value))
    except UsageError as error:
        raise ValueError(error.message) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


LEVELS: dict[str, Level | Literal["allow"]] = {"allow": "allow", **{level.value: level for level in Level}}
"""What ``[levels]`` may say."""


def read_levels(table: Table) -> tuple[tuple[str, Level | Literal["allow"]], ...]:
    """Read ``[levels]``."""
    entries = list(table.entries())
    if not entries:
        return ()
    from envbuilder.codes import catalogue  # reads a file

    table.refuse_all_but(tuple(catalogue()))
    levels = []
    for code, word in entries:
        if code not in catalogue():
            continue  # noted as a key that does not exist
        level = LEVELS.get(word) if isinstance(word, str) else None
        if level is None:
            table.wrong(code, '"allow", "note", "warning" or "error"')
        else:
            levels.append((code, level))
    return tuple(sorted(levels, key=lambda pair: pair[0]))
