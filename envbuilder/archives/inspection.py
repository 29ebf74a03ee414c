"""Looking through an archive before anything else reads it: all that is wrong with it, in one error.

What an archive holds inside an archive (a wheel inside a source distribution) is a file like any other.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from envbuilder.archives.conda import CondaJudge, OldCondaJudge
from envbuilder.archives.faults import Faults, gathered
from envbuilder.archives.judging import Judge, PlainJudge, Seen
from envbuilder.archives.ledger import Ledger
from envbuilder.archives.limits import LIMITS, Budget, Limits, TooLarge
from envbuilder.archives.members import Entry, MemberKind
from envbuilder.archives.packed import MAGIC, Unpacked, piped
from envbuilder.archives.tarreader import tar_entries
from envbuilder.archives.wheel import WheelJudge
from envbuilder.archives.zipreader import zip_entries
from envbuilder.errors import BuildError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.findings import Finding


class Form(enum.Enum):
    """How an archive is packed, by the end of its name: installers go by it too."""

    WHEEL = ".whl"
    CONDA = ".conda"
    ZIP = ".zip"
    TAR_GZ = ".tar.gz"
    TGZ = ".tgz"
    TAR_BZ2 = ".tar.bz2"
    TAR_XZ = ".tar.xz"
    TAR_ZST = ".tar.zst"
    TAR = ".tar"


_PACKING: Final = {
    Form.TAR_GZ: "gz", Form.TGZ: "gz", Form.TAR_BZ2: "bz2", Form.TAR_XZ: "xz", Form.TAR_ZST: "zst", Form.TAR: "",
}  # fmt: skip
_ZIPPED: Final = (Form.WHEEL, Form.ZIP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """An archive that was not refused, and what is to be told of it."""

    archive: str
    form: Form
    members: int
    unpacked: int
    """Bytes of all files."""
    findings: tuple[Finding, ...]


def form_of(name: str) -> Form | None:
    """Return how an archive of this name is packed, None for no archive."""
    return next((form for form in Form if name.lower().endswith(form.value)), None)


def inspect_archive(
    path: Path, *, name: str | None = None, limits: Limits = LIMITS, contents: bool = True
) -> Inspection:
    """Look through a wheel, source distribution, conda package, tar or ZIP archive; nothing is written.

    ``name`` is its real file name where ``path`` has another. Without ``contents`` the files of a ZIP archive
    are not unpacked, only what is said of them is compared. Raises ArchiveRefused with all findings
    (``archive/…``), BuildError if it cannot be read, ToolError where Zstandard is missing.
    """
    with opened(path) as stream:
        return Reading(stream, name or path.name, limits).inspect(contents=contents)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open an archive: a regular file, whatever its name leads to. Raises BuildError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        stream = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    with stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise _unreadable(path, "it is no regular file")
        try:
            yield stream
        except OSError as error:
            raise _unreadable(path, (error.strerror or str(error)).lower()) from error


def _unreadable(path: Path, why: str) -> BuildError:
    return BuildError(
        f"cannot read {excerpt(str(path), 200)}: {why}", code="archive/unreadable", hint="fetch it again"
    )


class Reading:
    """One open archive, read as often as it takes: once to look, once more to unpack."""

    def __init__(self, stream: IO[bytes], name: str, limits: Limits) -> None:
        form = form_of(name)
        if form is None:
            raise _unreadable(Path(name), f"its name ends in none of {', '.join(f.value for f in Form)}")
        self.form = form
        self.name = name
        self.limits = limits
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size

    def inspect(self, *, contents: bool) -> Inspection:
        """Look through all of it. Raises ArchiveRefused, ToolError."""
        faults = Faults(self.limits)
        ledger = Ledger(faults, self.limits)
        unpacked = 0
        with gathered(faults):
            judge = self._judge(faults, contents=contents)
            for entry in self.entries(faults):
                member = entry.member
                path = ledger.admit(member)
                unpacked += member.size
                if path:
                    judge.see(self._seen(path, entry, judge, contents=contents))
            ledger.finish()
            judge.finish()
        faults.raise_if_refused(self.name)
        return Inspection(
            archive=self.name,
            form=self.form,
            members=ledger.count,
            unpacked=unpacked,
            findings=faults.findings,
        )

    def _judge(self, faults: Faults, *, contents: bool) -> Judge:
        match self.form:
            case Form.WHEEL:
                return WheelJudge(self.name, faults, self.limits, hashes=contents)
            case Form.CONDA:
                return CondaJudge(faults, self.limits)
            case Form.TAR_BZ2:
                return OldCondaJudge(faults, self.limits)
        return PlainJudge(faults)

    def entries(self, faults: Faults) -> Iterator[Entry]:
        """Yield all members, those of a conda package's two parts one after the other. Raises Stopped, TooLarge."""
        budget = Budget(self._size, self.limits)
        if self.form in _ZIPPED:
            yield from self._zip(faults, budget)
        elif self.form is Form.CONDA:
            yield from self._conda(faults, budget)
        else:
            yield from self._tar(self._stream, _PACKING[self.form], faults, budget)

    def _zip(self, faults: Faults, budget: Budget) -> Iterator[Entry]:
        return zip_entries(self._stream, size=self._size, budget=budget, faults=faults, limits=self.limits)

    def _tar(self, stream: IO[bytes], packing: str, faults: Faults, budget: Budget) -> Iterator[Entry]:
        stream.seek(0)
        magic = MAGIC[packing]
        if stream.read(len(magic)) != magic:
            faults.stop("archive/malformed", f"it is not what its name says ({self.form.value})")
        stream.seek(0)
        yield from tar_entries(Unpacked(stream, packing, budget), faults=faults, limits=self.limits)

    def _conda(self, faults: Faults, budget: Budget) -> Iterator[Entry]:
        """Yield the members of both parts (conda package format 2: CEP 35)."""
        parts = set()
        for entry in self._zip(faults, Budget(self._size, self.limits)):
            name = entry.member.name
            part = name.partition("-")[0]
            if name == "metadata.json":
                continue
            if part not in ("info", "pkg") or not name.endswith(".tar.zst") or "/" in name or part in parts:
                faults.stop(
                    "archive/malformed", f"it has a part {excerpt(name)!r} that conda packages have not"
                )
            parts.add(part)
            yield from self._part(entry, faults, budget)
        if "pkg" not in parts:
            faults.stop("archive/malformed", "it has no part with files")

    def _part(self, entry: Entry, faults: Faults, budget: Budget) -> Iterator[Entry]:
        yield from tar_entries(
            Unpacked(piped(entry.chunks), "zst", budget), faults=faults, limits=self.limits
        )

    def _seen(self, path: str, entry: Entry, judge: Judge, *, contents: bool) -> Seen:
        """Read a member's bytes: all of them into memory where they are looked into, else through a hash or none."""
        kind, size = entry.member.kind, entry.member.size
        if kind is MemberKind.FILE and judge.wants(path):
            if size > self.limits.text:
                raise TooLarge(f"its {excerpt(path)} has {size} bytes")
            content = b"".join(entry.chunks)
            return Seen(
                path=path, kind=kind, size=size, content=content, sha256=hashlib.sha256(content).digest()
            )
        if not contents and self.form in _ZIPPED:
            return Seen(path=path, kind=kind, size=size)
        whole = hashlib.sha256()
        for chunk in entry.chunks:
            if judge.hashes:
                whole.update(chunk)
        return Seen(path=path, kind=kind, size=size, sha256=whole.digest() if judge.hashes else None)
