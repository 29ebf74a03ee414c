"""The directory of a ZIP archive, taken only where every reader must read it alike (PKWARE APPNOTE 6.3.10).

Some readers go by the central directory, others by the headers before each member, others by what follows
it. Here all of them have to agree, and the members have to fill the file from its first byte to the directory:
what stands in between, before or behind would be seen by some tools and not by others.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.limits import Limits

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")

_LONGEST_COMMENT: Final = 0xFFFF
_FULL: Final = 0xFFFFFFFF
"""A 32-bit field whose value stands in the zip64 extra field."""

_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_STREAMED: Final = 0x8
"""Sizes and CRC follow the data."""

_UTF8: Final = 0x800
_ZIP64: Final = 0x0001
_UNICODE_PATH: Final = 0x7075
STORED, DEFLATED = 0, 8


class BadZip(ValueError):
    """The archive can be read in more than one way, or in none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ZipMember:
    """One member as the central directory tells it. Sizes and offsets are in bytes."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    mode: int
    header: int
    """Where its local header begins."""
    clock: tuple[int, int]
    """Date and time of MS-DOS."""
    data: int = 0
    """Where its bytes begin."""

    @property
    def shown(self) -> str:
        """The name for messages."""
        return repr(self.name.decode("utf-8", "replace")[:80])


def read_directory(stream: IO[bytes], size: int, limits: Limits) -> tuple[ZipMember, ...]:
    """Return all members in the order of the directory. Raises BadZip (and struct.error, OSError)."""
    start, length, count = _find(stream, size)
    if count > limits.members or length > limits.text * 2:
        raise BadZip(f"has a directory of {count} members and {length} bytes")
    stream.seek(start)
    members = tuple(_central(stream.read(length), count))
    return _tiled(stream, members, start)


def _find(stream: IO[bytes], size: int) -> tuple[int, int, int]:
    """Return where the directory begins, its bytes and its members."""
    tail_size = min(size, _END.size + _LONGEST_COMMENT)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise BadZip("is no ZIP archive: it has no directory")
    _, disk, first_disk, here, count, length, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise BadZip("has bytes behind its end")
    if disk or first_disk or here != count:
        raise BadZip("is a part of a larger one")
    end = size - tail_size + at
    found = _find64(stream, end)
    if found:
        directory_end, large = found
        if any(small not in (big, full) for small, big, full in zip(
            (start, length, count), large, (_FULL, _FULL, 0xFFFF), strict=True
        )):  # fmt: skip
            raise BadZip("has two directories that differ (zip64)")
        start, length, count = large
    else:
        directory_end = end
    if start + length != directory_end:
        raise BadZip("has bytes before its first member or around its directory")
    return start, length, count


def _find64(stream: IO[bytes], end: int) -> tuple[int, tuple[int, int, int]] | None:
    """Return where the zip64 end record begins, and its directory's start, bytes and members."""
    if end < _LOCATOR.size + _END64.size:
        return None
    stream.seek(end - _LOCATOR.size)
    signature, disk, at, disks = _LOCATOR.unpack(stream.read(_LOCATOR.size))
    if signature != b"PK\6\7":
        return None
    if disk or disks > 1 or at != end - _LOCATOR.size - _END64.size:
        raise BadZip("has a zip64 record that is not where it belongs")
    stream.seek(at)
    record = _END64.unpack(stream.read(_END64.size))
    if (
        record[0] != b"PK\6\6"
        or record[1] != _END64.size - 12
        or record[4]
        or record[5]
        or record[6] != record[7]
    ):
        raise BadZip("has a zip64 record that cannot be read")
    return at, (record[9], record[8], record[7])


def _central(content: bytes, count: int) -> Iterator[ZipMember]:
    at = 0
    for _ in range(count):
        fields = _CENTRAL.unpack_from(content, at)
        if fields[0] != b"PK\1\2":
            raise BadZip("has a directory that cannot be read")
        name_length, extra_length, comment_length = fields[10:13]
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_length
        at = extra_at + extra_length + comment_length
        if at > len(content):
            raise BadZip("has a directory that is cut off")
        yield _member(fields, content[name_at:extra_at], content[extra_at : extra_at + extra_length])
    if at != len(content):
        raise BadZip("has more in its directory than it says")


def _member(fields: tuple[int, ...], name: bytes, extra: bytes) -> ZipMember:
    known = _extras(extra, name)
    values, used = [], known.get(_ZIP64, b"")
    large = 0
    for value in (fields[9], fields[8], fields[16]):
        if value != _FULL:
            values.append(value)
            continue
        if len(used) < large + 8:
            raise BadZip(f"has a member {name[:80]!r} without its zip64 sizes")
        values.append(int.from_bytes(used[large : large + 8], "little"))
        large += 8
    if used and not large:
        raise BadZip(f"has a member {name[:80]!r} with two different sizes (zip64)")
    if fields[13]:
        raise BadZip("is a part of a larger one")
    return ZipMember(
        name=name, flags=fields[3], method=fields[4], clock=(fields[6], fields[5]), crc=fields[7],
        unpacked=values[0], packed=values[1], header=values[2], mode=fields[15] >> 16,
    )  # fmt: skip


def _extras(extra: bytes, name: bytes) -> dict[int, bytes]:
    """Return the extra fields. A second name for readers that know it has to be the first one."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        value = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind in (_ZIP64, _UNICODE_PATH) and (kind in found or len(value) != length):
            raise BadZip(f"has a member {name[:80]!r} with contradicting extra fields")
        found[kind] = value
    if _UNICODE_PATH in found and found[_UNICODE_PATH][5:] != name:
        raise BadZip(f"has a member {name[:80]!r} with another name for some readers")
    return found


def _tiled(stream: IO[bytes], members: tuple[ZipMember, ...], end: int) -> tuple[ZipMember, ...]:
    """Return the members with their places. Raises BadZip where they overlap or leave bytes between them."""
    ordered = sorted(members, key=lambda member: member.header)
    placed: dict[int, ZipMember] = {}
    nexts = [member.header for member in ordered[1:]] + [end]
    if (ordered[0].header if ordered else end) != 0:
        raise BadZip("has bytes before its first member")
    for member, following in zip(ordered, nexts, strict=True):
        data = _local(stream, member)
        gap = following - data - member.packed
        if gap != 0 or member.flags & _STREAMED:
            _descriptor(stream, member, data + member.packed, gap)
        placed[member.header] = replace(member, data=data)
    if len(placed) != len(members):
        raise BadZip("has two members with the same bytes")
    return tuple(placed[member.header] for member in members)


def _local(stream: IO[bytes], member: ZipMember) -> int:
    """Compare a member's own header with the directory; return where its bytes begin."""
    if member.flags & _ENCRYPTED:
        raise BadZip(f"has an encrypted member {member.shown}")
    if member.method not in (STORED, DEFLATED):
        raise BadZip(
            f"has a member {member.shown} packed by method {member.method}, which installers do not read"
        )
    stream.seek(member.header)
    fields = _LOCAL.unpack(stream.read(_LOCAL.size))
    name, extra = stream.read(fields[9]), stream.read(fields[10])
    if fields[0] != b"PK\3\4" or name != member.name:
        raise BadZip(f"has a member {member.shown} with another name in its own header")
    mask = _ENCRYPTED | _STREAMED | _UTF8
    same = (fields[2] & mask, fields[3]) == (member.flags & mask, member.method)
    if not same or not _same_sizes(fields, _extras(extra, name), member):
        raise BadZip(f"has a member {member.shown} whose own header differs from the directory")
    return member.header + _LOCAL.size + len(name) + len(extra)


def _same_sizes(fields: tuple[int, ...], extras: dict[int, bytes], member: ZipMember) -> bool:
    crc, packed, unpacked = fields[6:9]
    large = extras.get(_ZIP64, b"")
    if _FULL in (packed, unpacked) and len(large) >= 16:
        unpacked, packed = struct.unpack_from("<2Q", large)
    if member.flags & _STREAMED and (crc, packed, unpacked) == (0, 0, 0):
        return True
    if member.flags & _STREAMED and (packed, unpacked) == (_FULL, _FULL):
        return True
    return (crc, packed, unpacked) == (member.crc, member.packed, member.unpacked)


def _descriptor(stream: IO[bytes], member: ZipMember, at: int, gap: int) -> None:
    """Check the sizes behind a member's bytes: readers of streams go by them."""
    form = {12: "<3L", 16: "<4x3L", 20: "<L2Q", 24: "<4xL2Q"}.get(gap)
    if not member.flags & _STREAMED or form is None:
        raise BadZip(f"has members that overlap, or bytes behind {member.shown}")
    stream.seek(at)
    if struct.unpack(form, stream.read(gap)) != (member.crc, member.packed, member.unpacked):
        raise BadZip(f"has a member {member.shown} with other sizes behind its bytes")
