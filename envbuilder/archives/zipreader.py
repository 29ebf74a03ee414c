"""Members of a ZIP archive and their bytes; what a header says of sizes is checked, never believed."""

from __future__ import annotations

import datetime
import stat
import struct
import zlib
from typing import IO, TYPE_CHECKING, Final

from envbuilder.archives.limits import Budget, Limits, TooLarge
from envbuilder.archives.members import Entry, Member, MemberKind
from envbuilder.archives.zipdirectory import STORED, BadZip, ZipMember, read_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.faults import Faults

_CHUNK: Final = 64 * 1024
_OUT: Final = 256 * 1024
"""Unpacked bytes at a time, whatever the ratio."""


def zip_entries(
    stream: IO[bytes], *, size: int, budget: Budget, faults: Faults, limits: Limits
) -> Iterator[Entry]:
    """Yield all members. Raises Stopped, TooLarge, and what zlib raises while bytes are read."""
    try:
        members = read_directory(stream, size, limits)
    except struct.error:
        faults.stop("archive/malformed", "it is cut off")
    except BadZip as error:
        faults.stop("archive/malformed", f"it {error}")
    # Before anything is unpacked: an honest bomb says what it is.
    budget.fits(sum(member.unpacked for member in members))
    for member in members:
        yield _entry(stream, member, budget, faults, limits)


def _entry(stream: IO[bytes], found: ZipMember, budget: Budget, faults: Faults, limits: Limits) -> Entry:
    name = found.name.decode("utf-8", "surrogateescape")
    chunks = _chunks(stream, found, budget, name)
    kind, target = _kind(found, name, faults), ""
    if kind is MemberKind.SYMLINK:
        if found.unpacked > limits.link:
            raise TooLarge(f"the link {found.shown} has a target of {found.unpacked} bytes")
        target = b"".join(chunks).decode("utf-8", "surrogateescape")
    member = Member(
        name=name, kind=kind, size=found.unpacked, mode=stat.S_IMODE(found.mode), target=target,
        modified=_seconds(*found.clock),
    )  # fmt: skip
    return Entry(member=member, chunks=iter(()) if target else chunks)


def _kind(found: ZipMember, name: str, faults: Faults) -> MemberKind:
    form = stat.S_IFMT(found.mode)
    folder = name.endswith("/")
    if folder != (form == stat.S_IFDIR) and form:
        faults.add(
            "archive/malformed",
            f"the member {found.shown} is a folder for some readers, no folder for others",
        )
    if folder:
        if found.unpacked or found.packed > 2:  # two bytes: nothing, deflated
            faults.add("archive/malformed", f"the folder {found.shown} has bytes of its own")
        return MemberKind.FOLDER
    if form in (0, stat.S_IFREG, stat.S_IFDIR):
        return MemberKind.FILE
    return MemberKind.SYMLINK if form == stat.S_IFLNK else MemberKind.SPECIAL


def _seconds(date: int, time: int) -> float | None:
    """Return MS-DOS's clock as seconds since 1970, read as UTC; None if it shows no time."""
    try:
        return datetime.datetime(
            (date >> 9) + 1980, (date >> 5) & 15, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2,
            tzinfo=datetime.timezone.utc,
        ).timestamp()  # fmt: skip
    except ValueError:
        return None


def _chunks(stream: IO[bytes], found: ZipMember, budget: Budget, name: str) -> Iterator[bytes]:
    """Yield a member's bytes. Raises TooLarge beyond what the header says, ValueError for less or others."""
    total = crc = 0
    for chunk in _raw(stream, found) if found.method == STORED else _inflated(stream, found):
        total += len(chunk)
        if total > found.unpacked:
            raise TooLarge(f"the member {found.shown} unpacks to more than its header says")
        budget.take(len(chunk))
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if (total, crc) != (found.unpacked, found.crc):
        raise ValueError(f"the bytes of {name!r} are not those that its header tells of")


def _raw(stream: IO[bytes], found: ZipMember) -> Iterator[bytes]:
    at, left = found.data, found.packed
    while left:
        stream.seek(at)
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise EOFError("it is cut off")
        at, left = at + len(chunk), left - len(chunk)
        yield chunk


def _inflated(stream: IO[bytes], found: ZipMember) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _raw(stream, found):
        pending = packed
        while pending and not inflater.eof:
            if chunk := inflater.decompress(pending, _OUT):
                yield chunk
            pending = inflater.unconsumed_tail
        if inflater.unused_data:
            raise ValueError(f"bytes follow the end of {found.shown}")
    while not inflater.eof:
        chunk = inflater.decompress(inflater.unconsumed_tail, _OUT)
        if not chunk:
            raise EOFError(f"{found.shown} is cut off")
        yield chunk
