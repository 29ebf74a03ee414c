"""Packages of a licensed channel that are named by the URL of their file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from envbuilder.channels import CONDA_FORGE, restricted
from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.channels import RESTRICTED
from envbuilder.spec import CondaName, CondaRequirement, EnvSpec

_FILE = re.compile(
    r"https?://[^\s?#]*/(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)-(?P<version>[^-/\s]+)-(?P<build>[^-/\s]+)"
    r"(?:\.conda|\.tar\.bz2)(?:#[0-9a-fA-F]*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LocatedPackage:
    """What the file name of a conda package tells: ``name-version-build.conda``."""

    name: CondaName
    version: str


def located_package(url: str) -> LocatedPackage | None:
    """Return the package that a URL of a licensed channel names, None for any other text."""
    found = _FILE.fullmatch(url)
    if found is None or not restricted(url):
        return None
    return LocatedPackage(name=CondaName(found["name"].lower()), version=found["version"])


def name_located(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Ask conda-forge by name and version for packages that are files of a licensed channel."""
    conda, direct, changes = list(spec.conda), [], []
    for item in spec.direct:
        package = located_package(item.url.secret)
        if package is None:
            direct.append(item)
            continue
        text = f"{CONDA_FORGE}::{package.name}=={package.version}"
        conda.append(
            CondaRequirement(
                name=package.name, version=f"=={package.version}", channel=CONDA_FORGE, text=text,
                origin=item.origin,
            )
        )  # fmt: skip
        changes.append(
            Change(
                code=RESTRICTED, message=f"{package.name} is a licensed channel's file; now {CONDA_FORGE}'s",
                effect=Effect.ADAPTED, before=excerpt(str(item.url)), after=text, origin=item.origin,
            )
        )  # fmt: skip
    if not changes:
        return spec, ()
    return replace(spec, conda=tuple(conda), direct=tuple(direct)), tuple(changes)
