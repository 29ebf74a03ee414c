"""Members of a tar archive, taken only where every reader must read it alike (POSIX.1-2017 pax, GNU's long names).

tarfile, GNU tar, libarchive and the tools in Rust disagree about sizes that stand twice, links that have
bytes and headers of unknown types; whoever makes a package may let one see what another does not. So such
archives are refused. tarfile itself is not used: it reads extended headers of any size into memory, and
what it refuses depends on the Python that runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from envbuilder.archives.members import Entry, Member, MemberKind
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.faults import Faults
    from envbuilder.archives.limits import Limits
    from envbuilder.archives.packed import Unpacked

_BLOCK: Final = 512
_ZEROS: Final = bytes(_BLOCK)
_OCTAL: Final = re.compile(rb" *([0-7]*)[ \0]*")
_KINDS: Final = {
    b"\0": MemberKind.FILE, b"0": MemberKind.FILE, b"7": MemberKind.FILE, b"1": MemberKind.HARDLINK,
    b"2": MemberKind.SYMLINK, b"3": MemberKind.SPECIAL, b"4": MemberKind.SPECIAL, b"5": MemberKind.FOLDER,
    b"6": MemberKind.SPECIAL,
}  # fmt: skip
_PAX: Final = re.compile(rb"(\d{1,7}) ([^=\n]+)=")


class BadTar(ValueError):
    """The archive can be read in more than one way, or in none."""


@dataclass(slots=True)
class _Extended:
    """What the extended headers before a member say of it."""

    path: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    names: set[str] = field(default_factory=set)


def tar_entries(stream: Unpacked, *, faults: Faults, limits: Limits) -> Iterator[Entry]:
    """Yield all members. Raises Stopped, TooLarge, and what the unpacking raises."""
    try:
        yield from _entries(stream, limits)
    except BadTar as error:
        faults.stop("archive/malformed", f"it {error}")


def _entries(stream: Unpacked, limits: Limits) -> Iterator[Entry]:
    extended = _Extended()
    first = True
    while header := stream.take(_BLOCK):
        if len(header) < _BLOCK:
            raise BadTar("is cut off" if not first else "is no tar archive")
        if header == _ZEROS:
            return _end(stream)
        if not _sum_is_right(header):
            raise BadTar("is no tar archive" if first else "has a header whose checksum is wrong")
        first = False
        kind, size = header[156:157], _number(header[124:136])
        if kind in b"xgLK":
            _extend(extended, kind, stream, size, limits)
            continue
        member = _member(header, kind, size, extended)
        extended = _Extended()
        yield from _yielded(stream, member)
    if first:
        raise BadTar("is empty")
    return None


def _yielded(stream: Unpacked, member: Member) -> Iterator[Entry]:
    """Yield a member; then skip what was left of its bytes, and the rest of its last block."""
    chunks = _exactly(stream, member.size)
    yield Entry(member=member, chunks=chunks)
    for _ in chunks:
        pass
    stream.take(-member.size % _BLOCK)


def _exactly(stream: Unpacked, size: int) -> Iterator[bytes]:
    found = 0
    for chunk in stream.chunks(size):
        found += len(chunk)
        yield chunk
    if found != size:
        raise BadTar("is cut off")


def _end(stream: Unpacked) -> None:
    """Look at what follows the end: readers differ in whether they go on there."""
    if any(chunk.strip(b"\0") for chunk in stream.rest()):
        raise BadTar("has bytes behind its end")


def _member(header: bytes, kind: bytes, size: int, extended: _Extended) -> Member:
    found = _KINDS.get(kind)
    raw = _own_name(header) if extended.path is None else extended.path
    shown = excerpt(raw.decode("utf-8", "replace"))
    if found is None:
        raise BadTar(f"has a member {shown!r} of the type {kind!r}, which readers treat differently")
    if extended.size not in (None, size):
        raise BadTar(f"has a member {shown!r} with two different sizes")
    if found is MemberKind.FILE and raw.endswith(b"/"):
        # The oldest tars had no type for folders; where there is one, readers treat such a file differently.
        if kind != b"\0":
            raise BadTar(f"has a member {shown!r} that is a folder for some readers, a file for others")
        found = MemberKind.FOLDER
    if found is not MemberKind.FILE and size:
        raise BadTar(f"has a member {shown!r}, a {found.value}, with bytes of its own")
    target = _text(header[157:257]) if extended.link is None else extended.link
    return Member(
        name=raw.decode("utf-8", "surrogateescape"),
        kind=found,
        size=size,
        mode=_number(header[100:108]) & 0o7777,
        target=target.decode("utf-8", "surrogateescape"),
        modified=_clock(header[136:148]),
    )


def _clock(raw: bytes) -> float | None:
    """Return a time; a negative or broken one harms nobody and is none."""
    try:
        return float(_number(raw)) or None
    except BadTar:
        return None


def _own_name(header: bytes) -> bytes:
    name, prefix = _text(header[:100]), _text(header[345:500])
    if not prefix:
        return name
    if header[257:263] != b"ustar\0":
        raise BadTar("has headers in an old format that readers treat differently")
    return prefix + b"/" + name


def _extend(extended: _Extended, kind: bytes, stream: Unpacked, size: int, limits: Limits) -> None:
    if size > limits.header:
        raise BadTar(f"has an extended header of {size} bytes")
    content = b"".join(_exactly(stream, size))
    stream.take(-size % _BLOCK)
    if kind in b"LK":
        name = "path" if kind == b"L" else "linkpath"
        _note(extended, name, content.rstrip(b"\0"))
        return
    for key, value in _records(content):
        if kind == b"g" and key in ("path", "linkpath", "size"):
            raise BadTar("says for all its members at once what one alone can have")
        if key.startswith("GNU.sparse."):
            raise BadTar("has a sparse member, which readers treat differently")
        _note(extended, key, value)


def _note(extended: _Extended, key: str, value: bytes) -> None:
    if key not in ("path", "linkpath", "size"):
        return
    if key in extended.names:
        raise BadTar(f"says twice what the {key} of a member is")
    extended.names.add(key)
    match key:
        case "path":
            extended.path = value
        case "linkpath":
            extended.link = value
        case _:
            if not re.fullmatch(rb"\d{1,18}", value):
                raise BadTar("has an extended header that cannot be read")
            extended.size = int(value)


def _records(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the records of an extended header: ``LENGTH KEY=VALUE`` and a line feed each."""
    at = 0
    while at < len(content):
        found = _PAX.match(content, at)
        end = at + int(found.group(1)) if found else 0
        if found is None or not found.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            raise BadTar("has an extended header that cannot be read")
        yield found.group(2).decode("utf-8", "replace"), content[found.end() : end - 1]
        at = end


def _text(raw: bytes) -> bytes:
    return raw.partition(b"\0")[0]


def _number(raw: bytes) -> int:
    """Return a number in octal, or in GNU's base 256. Raises BadTar for negative and broken ones."""
    if raw[0] == 0x80:
        return int.from_bytes(raw[1:], "big")
    found = _OCTAL.fullmatch(raw)
    if found is None:
        raise BadTar("has a header that cannot be read")
    return int(found.group(1) or b"0", 8)


def _sum_is_right(header: bytes) -> bool:
    """Whether the checksum is right; bytes count signed in some old archives."""
    try:
        wanted = _number(header[148:156])
    except BadTar:
        return False
    rest = header[:148] + b" " * 8 + header[156:]
    return wanted in (sum(rest), sum(byte - 256 if byte > 127 else byte for byte in rest))
