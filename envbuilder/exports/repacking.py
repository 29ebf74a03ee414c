"""An installed distribution as a wheel again (binary distribution format, PEP 427).

What was built from a source distribution exists as installed files only. The wheel has all that RECORD lists
but what an installer writes by itself, and is the same bytes for the same files: members are stored, times
and modes fixed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.archives.scripts import entry_points
from envbuilder.builder.places import site_folders
from envbuilder.exports.result import ExportError
from envbuilder.exports.shebangs import portable_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.lock import Artifact

_BY_INSTALLERS: Final = frozenset(
    {"RECORD", "RECORD.jws", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
)
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_TAG: Final = re.compile(r"(?m)^Tag: *([\w.]+)-([\w.]+)-([\w.]+)\s*$")


def repack(artifact: Artifact, prefix: Path, folder: Path) -> Path:
    """Write a wheel of what is installed of an artifact and return its path. Raises ExportError, OSError."""
    info = _info(artifact, prefix)
    installed = _Installed(info=info, prefix=prefix)
    place = folder / installed.filename()
    record = f"{info.name}/RECORD"
    rows = []
    with zipfile.ZipFile(place, "x", zipfile.ZIP_STORED) as wheel:
        for name, content, runnable in sorted(installed.members()):
            wheel.writestr(_member(name, runnable=runnable), content)
            rows.append(f"{_quoted(name)},sha256={_urlsafe(content)},{len(content)}")
        wheel.writestr(_member(record), "\n".join([*rows, f"{record},,"]) + "\n")
    return place


def installed_files(artifact: Artifact, prefix: Path) -> Iterator[Path]:
    """Yield the files of an installed artifact, without bytecode. Raises ExportError, OSError."""
    installed = _Installed(info=_info(artifact, prefix), prefix=prefix)
    return (prefix / place for place in installed.listed())


def _info(artifact: Artifact, prefix: Path) -> Path:
    from packaging.utils import canonicalize_name

    found = [
        path
        for site in site_folders(prefix)
        for path in sorted(site.glob("*.dist-info"))
        if str(canonicalize_name(path.name.partition("-")[0])) == artifact.name
        and (path / "RECORD").is_file()
    ]
    if len(found) != 1:
        raise ExportError(
            f"{artifact.name} {artifact.version} was not installed as a wheel, so it cannot be carried as one",
            code="export/no-wheel",
            hint="export the tree instead: --form tree",
        )
    return found[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Installed:
    """The files of one distribution. ``info`` is its metadata folder."""

    info: Path
    prefix: Path

    def filename(self) -> str:
        """Return the wheel's file name, with all of its tags compressed into one (PEP 425)."""
        tags = _TAG.findall((self.info / "WHEEL").read_text("utf-8", "replace"))
        if not tags:
            raise ExportError(f"{self.info.name} names no tag of its wheel", code="export/no-wheel")
        parts = [".".join(sorted({tag[number] for tag in tags})) for number in range(3)]
        return f"{self.info.name.removesuffix('.dist-info')}-{'-'.join(parts)}.whl"

    def members(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield name, bytes and whether it may be run of everything that belongs into the wheel."""
        made = self._entry_points()
        data = f"{self.info.name.removesuffix('.dist-info')}.data"
        for place in self.listed():
            path = self.prefix / place
            runnable = bool(path.stat().st_mode & 0o100)
            site = posixpath.relpath(place, self.info.parent.relative_to(self.prefix).as_posix())
            if not site.startswith("../"):
                yield site, path.read_bytes(), runnable
            elif place.startswith("bin/"):
                name = place.removeprefix("bin/")
                if name not in made:
                    yield f"{data}/scripts/{name}", portable_script(path.read_bytes()), True
            else:
                yield f"{data}/data/{place}", path.read_bytes(), runnable

    def listed(self) -> Iterator[str]:
        """Yield the paths of RECORD relative to the prefix, without bytecode and what installers write."""
        import csv

        site = self.info.parent.relative_to(self.prefix).as_posix()
        with (self.info / "RECORD").open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                place = posixpath.normpath(posixpath.join(site, row[0])) if row else ""
                own = posixpath.dirname(place) == f"{site}/{self.info.name}"
                if (
                    not place
                    or place.endswith(".pyc")
                    or (own and posixpath.basename(place) in _BY_INSTALLERS)
                ):
                    continue
                # check_places() saw to it when the environment was built; a wheel must not take in what is outside.
                if place.startswith(("../", "/")) or os.path.islink(self.prefix / place):  # noqa: PTH114
                    raise ExportError(f"{self.info.name} lists {place!r}", code="export/no-wheel")
                yield place

    def _entry_points(self) -> frozenset[str]:
        path = self.info / "entry_points.txt"
        return frozenset(entry_points(path.read_bytes())) if path.is_file() else frozenset()


def _member(name: str, *, runnable: bool = False) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, _TIME)
    found.create_system = 3
    found.external_attr = (0o100755 if runnable else 0o100644) << 16
    return found


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
