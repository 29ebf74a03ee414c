"""What a wheel has to keep to (binary distribution format, PEP 427 and what became of it)."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from typing import TYPE_CHECKING, Final

from envbuilder.archives.judging import Seen, tell_site, tell_startup
from envbuilder.archives.limits import Limits, TooLarge
from envbuilder.archives.members import MemberKind
from envbuilder.archives.names import checked
from envbuilder.archives.scripts import check_script, entry_points
from envbuilder.archives.startup import startup_code
from envbuilder.findings import Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.faults import Faults

SCHEMES: Final = ("purelib", "platlib", "headers", "scripts", "data")
_NEEDED: Final = ("METADATA", "WHEEL", "RECORD")
_UNLISTED: Final = ("RECORD", "RECORD.jws", "RECORD.p7s")
"""RECORD itself and its signatures have no hash in it."""


class WheelJudge:
    """Judges one wheel, whose file name is ``name``."""

    def __init__(self, name: str, faults: Faults, limits: Limits, *, hashes: bool) -> None:
        self.hashes = hashes
        self._name = name
        self._faults = faults
        self._limits = limits
        self._files: dict[str, bytes | None] = {}
        self._infos: dict[str, dict[str, bytes | None]] = {}

    def wants(self, path: str) -> bool:
        """The metadata that is looked into."""
        folder, _, name = path.partition("/")
        return folder.endswith(".dist-info") and name in ("METADATA", "RECORD", "entry_points.txt")

    def see(self, seen: Seen) -> None:
        """Look at a member: links, scheme folders, what runs at start-up."""
        if seen.kind is MemberKind.FOLDER:
            return
        if seen.kind is not MemberKind.FILE:
            self._faults.add(
                "archive/link", f"the member {excerpt(seen.path)!r} is a link, and wheels have none"
            )
        self._files[seen.path] = seen.sha256
        folder, _, rest = seen.path.partition("/")
        if folder.endswith(".dist-info"):
            self._infos.setdefault(folder, {})[rest] = seen.content
        if folder.endswith(".data") and rest:
            self._see_scheme(seen.path, rest)
        elif code := startup_code(seen.path):
            tell_startup(self._faults, code, seen.path)

    def _see_scheme(self, path: str, inner: str) -> None:
        scheme, _, rest = inner.partition("/")
        if scheme not in SCHEMES or not rest:
            self._faults.add(
                "archive/malformed", f"the member {excerpt(path)!r} is of no scheme that installers know"
            )
        elif scheme == "scripts":
            check_script(rest, faults=self._faults, where=f"the member {excerpt(path)!r}")
        elif scheme == "data":
            self._see_data(path, rest)
        elif scheme != "headers" and (code := startup_code(rest)):
            tell_startup(self._faults, code, path)

    def _see_data(self, path: str, rest: str) -> None:
        """Look at what lands in the prefix itself, beside the environment's own files."""
        folder, _, name = rest.partition("/")
        if folder.lower() in ("bin", "scripts") and name:
            check_script(name, faults=self._faults, where=f"the member {excerpt(path)!r}")
        if rest.lower() == "pyvenv.cfg":
            self._faults.add(
                "archive/script-path",
                f"the member {excerpt(path)!r} would take the place of the environment's own",
            )
        tell_site(self._faults, path)

    def finish(self) -> None:
        """Look at the metadata: one folder of it, of the file's own name; scripts; RECORD."""
        if len(self._infos) != 1:
            names = ", ".join(excerpt(name) for name in sorted(self._infos)[:3]) or "none"
            self._faults.add("archive/malformed", f"a wheel has one .dist-info folder, this one has {names}")
        for folder, files in self._infos.items():
            lines = files.get("entry_points.txt") or b""
            if len(lines) > self._limits.scripts:
                raise TooLarge(f"entry_points.txt has {len(lines)} bytes")
            for name in entry_points(lines):
                check_script(name, faults=self._faults, where="entry_points.txt")
            missing = [name for name in _NEEDED if name not in files]
            if missing:
                self._faults.add("archive/malformed", f"{excerpt(folder)} lacks {', '.join(missing)}")
            self._check_name(folder, files.get("METADATA"))
            if (record := files.get("RECORD")) is not None:
                self._check_record(folder, record)

    def _check_name(self, folder: str, metadata: bytes | None) -> None:
        wanted = _name_and_version(*self._name.split("-")[:2])
        told = [(folder, _name_and_version(*folder.removesuffix(".dist-info").split("-")))]
        if metadata is not None:
            told.append(("METADATA", _name_and_version(*_headers(metadata))))
        for where, found in told:
            if found != wanted:
                self._faults.add(
                    "archive/name-mismatch",
                    f"{excerpt(where)} is of {excerpt(' '.join(found))}, the file's name of {excerpt(' '.join(wanted))}",
                )

    def _check_record(self, folder: str, record: bytes) -> None:
        """Compare RECORD with the members: a path outside is refused, the rest is told of."""
        listed = set()
        for number, row in enumerate(_rows(record)):
            if number > self._limits.members:
                raise TooLarge(f"RECORD names more than {self._limits.members} files")
            parts = checked(row[0], faults=self._faults, limits=self._limits, what="RECORD's")
            path = "/".join(parts or ())
            if not path:
                continue
            listed.add(path)
            if path not in self._files:
                self._tell_record(f"RECORD names {excerpt(path)!r}, which is not there")
            elif row[1] and _differs(row[1], self._files[path]):
                self._tell_record(f"RECORD has another sha256 for {excerpt(path)!r}")
        unlisted = [path for path in self._files if path not in listed]
        for path in unlisted:
            if path not in {f"{folder}/{name}" for name in _UNLISTED}:
                self._tell_record(f"RECORD does not name {excerpt(path)!r}")

    def _tell_record(self, message: str) -> None:
        self._faults.add("archive/record", message, level=Level.WARNING)


def _rows(record: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and hash of each line of RECORD."""
    lines = io.StringIO(record.decode("utf-8", "surrogateescape"), newline="")
    try:
        yield from ((row[0], row[1] if len(row) > 1 else "") for row in csv.reader(lines) if row)
    except csv.Error as error:
        raise ValueError(f"RECORD cannot be read: {error}") from None


def _differs(told: str, found: bytes | None) -> bool:
    """Whether RECORD's hash is another one. Only sha256 is compared; RECORD must use it or a stronger one."""
    name, _, value = told.partition("=")
    if name != "sha256" or found is None:
        return False
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) != found
    except (binascii.Error, ValueError):
        return True


def _headers(metadata: bytes) -> tuple[str, str]:
    """Return Name and Version of METADATA (core metadata: headers as in e-mail)."""
    found = {"name": "", "version": ""}
    for raw in io.BytesIO(metadata):
        line = raw.decode("utf-8", "replace")
        if not line.strip():
            break
        key, _, value = line.partition(":")
        if key.lower() in found and not found[key.lower()]:
            found[key.lower()] = value.strip()
    return found["name"], found["version"]


def _name_and_version(name: str, version: str = "", *_: str) -> tuple[str, str]:
    """Return both as they are compared: PEP 503 and 440, versions of before that as they are."""
    from packaging.utils import canonicalize_name, canonicalize_version

    return canonicalize_name(name), canonicalize_version(version.replace("_", "-"))
