"""What installed packages may do that nobody asked for: files out of place are refused, others are told of.

uv and pip check names of their own; this looks at what came of it, whichever of them installed, and after
source distributions were built, whose wheels nobody saw before.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from envbuilder.archives.scripts import is_own
from envbuilder.archives.startup import MODULE, PTH, startup_code
from envbuilder.builder.places import site_folders
from envbuilder.errors import BuildError
from envbuilder.findings import Finding, Level
from envbuilder.lock import Kind
from envbuilder.redact import excerpt
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from envbuilder.lock import Lock

_ELSEWHERE: Final = re.compile(r'(?m)^"?(/[^\n]*|[^\n]*\.\./[^\n]*)$')
"""Lines of RECORD that lead out of site-packages."""

WELL_KNOWN: Final = {
    "_virtualenv.pth": re.compile(rb"import _virtualenv\s*"),
    "distutils-precedence.pth": re.compile(
        rb"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\)"
        rb" == 'local'; enabled and __import__\('_distutils_hack'\)\.add_shim\(\);\s*"
    ),
}
"""uv's own guard, and the one of setuptools in its two versions. They are known by all of their bytes."""

_LONGEST: Final = 64 * 1024


def check_places(tree: Path, only: Collection[str] | None = None) -> None:
    """Look that no package installed a file outside the environment, or over a part of the environment itself.

    ``only`` names the distributions to look at, None for all: what conda packages put where was looked at when
    they were opened, and their RECORD may be of the place where they were made. Raises BuildError
    (``archive/path-escape``, ``archive/script-path``).
    """
    if os.path.lexists(tree / FOLDER):
        raise BuildError(
            f"a package brings a {FOLDER}, where the store keeps what it knows of an environment",
            code="archive/script-path",
            hint="lock another release, or ask who published it",
        )
    for record in sorted(path for site in site_folders(tree) for path in site.glob("*.dist-info/RECORD")):
        if only is not None and canonicalize_name(record.parent.name.partition("-")[0]) not in only:
            continue
        site = record.parent.parent
        for line in _ELSEWHERE.findall(record.read_text("utf-8", "replace")):
            path = line.partition('"' if line.endswith('"') else ",")[0]
            place = os.path.relpath(os.path.normpath(os.path.join(site, path)), tree)  # noqa: PTH118 - a text
            _check_place(place, record.parent.name.removesuffix(".dist-info"), path)


def _check_place(place: str, owner: str, path: str) -> None:
    shown = f"{excerpt(owner)} names {excerpt(path)!r} among its files"
    hint = "lock another release, or ask who published it"
    if place.partition("/")[0] == "..":
        raise BuildError(f"{shown}, outside the environment", code="archive/path-escape", hint=hint)
    if place == "pyvenv.cfg" or (place.startswith("bin/") and is_own(place.removeprefix("bin/"))):
        raise BuildError(f"{shown}, a part of the environment itself", code="archive/script-path", hint=hint)


def findings_of(tree: Path, lock: Lock) -> tuple[Finding, ...]:
    """Return what is to be told of an installed environment: sources that were built, files run at start-up."""
    return (*_sources(lock), *_startup(tree))


def _sources(lock: Lock) -> Iterator[Finding]:
    for artifact in lock.artifacts:
        if artifact.kind is Kind.SDIST:
            yield Finding(
                code="build/from-source",
                level=Level.NOTE,
                message=f"{artifact.name} {artifact.version} was built from source ({artifact.filename})",
                hint="the policy's [builds] can forbid it",
                subject=artifact.name,
            )


def _startup(tree: Path) -> Iterator[Finding]:
    for site in site_folders(tree):
        for path in sorted(site.iterdir()):
            inner = "/__init__.py" if path.is_dir() else ""
            code = startup_code(path.name + inner)
            if code and not _well_known(path):
                yield _told(code, path, site)


def _well_known(path: Path) -> bool:
    known = WELL_KNOWN.get(path.name)
    if known is None:
        return False
    with path.open("rb") as stream:
        return known.fullmatch(stream.read(_LONGEST)) is not None


def _told(code: str, path: Path, site: Path) -> Finding:
    owner = _owner(path.name, site)
    does = {PTH: "is read", MODULE: "is imported"}[code]
    return Finding(
        code=code,
        level=Level.NOTE,
        message=f"{excerpt(path.name)} of {owner} {does} by every Python of the environment that starts",
        hint="look what it does, or replace the package",
        subject=path.name,
    )


def _owner(name: str, site: Path) -> str:
    """Return the distribution, with its version, whose RECORD lists a file or folder of site-packages."""
    starts = (f"{name},", f'"{name}"', f"{name}/")
    for record in sorted(site.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", errors="replace") as lines:
            if any(line.startswith(starts) for line in lines):
                return excerpt(record.parent.name.removesuffix(".dist-info").replace("-", " ", 1))
    return "no package"
