"""Conda packages that are named by the URL of their file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from envbuilder.channels import CONDA_FORGE, SUBDIRS, canonical, location, on_community_host, restricted
from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.channels import RESTRICTED
from envbuilder.spec import (
    SEED_NAMES,
    CondaName,
    CondaRequirement,
    DirectReference,
    EnvSpec,
    PypiName,
    PypiRequirement,
    PythonRequest,
)  # fmt: skip

BY_URL = "rewrite/conda-url"

_FILE = re.compile(
    r"(?P<channel>https?://[^\s?#]+?)/(?:(?P<subdir>[a-z0-9]+-[a-z0-9]+|noarch)/)?"
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)-(?P<version>[^-/\s]+)-(?P<build>[^-/\s]+)"
    r"(?:\.conda|\.tar\.bz2)(?:#(?:(?:sha256|md5)[=:])?(?P<digest>[0-9a-fA-F]*))?",
    re.IGNORECASE,
)
_DIGESTS = {32: "md5", 64: "sha256"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LocatedPackage:
    """What the URL of a conda package tells: ``channel/subdir/name-version-build.conda``."""

    name: CondaName
    version: str
    build: str
    channel: str
    """Its URL without credentials; ``conda-forge`` for a licensed channel."""
    subdir: str
    digests: tuple[tuple[str, str], ...] = ()
    """``md5`` or ``sha256`` of the file, if the URL's fragment tells it."""
    licensed: bool

    @property
    def requirement_parts(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """The build, subdir and digests to ask for: those of a licensed channel's file only it can have."""
        return ("", "", ()) if self.licensed else (self.build, self.subdir, self.digests)


def located_package(url: str) -> LocatedPackage | None:
    """Return the package that a URL names; None for what is no file of a channel.

    A ``.tar.bz2`` that does not stand below a channel's folder for a platform is anybody's archive.
    """
    found = _FILE.fullmatch(url)
    if found is None:
        return None
    licensed, subdir = restricted(url), (found["subdir"] or "").lower()
    channel = CONDA_FORGE if licensed else location(found["channel"])
    if channel is None or not (licensed or subdir in SUBDIRS):
        return None
    digest = (found["digest"] or "").lower()
    kind = _DIGESTS.get(len(digest))
    return LocatedPackage(
        name=CondaName(found["name"].lower()), version=found["version"], build=found["build"],
        channel=channel, subdir=subdir, digests=((kind, digest),) if kind else (), licensed=licensed,
    )  # fmt: skip


def name_located(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Ask the channel for packages that are named by a file of it; conda-forge for a licensed channel's.

    A file of a host that neither is the community's nor stands in the policy stays the direct reference that it is.
    """
    result, direct, changes = spec, [], []
    for item in spec.direct:
        package = located_package(item.url.secret)
        if package is None or not (package.licensed or _known(package.channel, policy)):
            direct.append(item)
            continue
        result, text = _asking(result, package, item)
        changes.append(_change(package, item, text))
    if not changes:
        return spec, ()
    return replace(result, direct=tuple(direct)), tuple(changes)


def _known(channel: str, policy: Policy) -> bool:
    named = canonical(channel) in map(canonical, policy.channels.allow)
    return named or on_community_host(channel) or bool(policy.channels.mirrors_of(channel))


def _asking(spec: EnvSpec, package: LocatedPackage, item: DirectReference) -> tuple[EnvSpec, str]:
    """Return the spec with what the package is asked for as, and that as text."""
    version = f"=={package.version}"
    build, subdir, digests = package.requirement_parts
    if package.name == "python":
        wish = PythonRequest(text=package.version, build=build, origin=item.origin)
        return replace(spec, python=(*spec.python, wish)), f"python{version}"
    if PypiName(package.name) in SEED_NAMES:
        seed = PypiRequirement(name=PypiName(package.name), specifier=version, origin=item.origin)
        return replace(spec, seeds=(*spec.seeds, seed)), seed.text
    text = f"{package.channel}::{package.name}{version}{f'={build}' if build else ''}"
    asked = CondaRequirement(
        name=package.name, version=version, build=build, channel=package.channel, subdir=subdir,
        brackets=digests, text=text, origin=item.origin,
    )  # fmt: skip
    return replace(spec, conda=(*spec.conda, asked)), text


def _change(package: LocatedPackage, item: DirectReference, text: str) -> Change:
    message = f"{package.name} is asked of its channel, whose file is named"
    code, effect = BY_URL, Effect.NONE
    if package.licensed:
        message = f"{package.name} is a licensed channel's file; now {CONDA_FORGE}'s"
        code, effect = RESTRICTED, Effect.ADAPTED
    return Change(
        code=code, message=message, effect=effect, before=excerpt(str(item.url)), after=excerpt(text),
        origin=item.origin,
    )  # fmt: skip
