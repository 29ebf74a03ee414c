"""Archives of our own making, honest and hostile, byte by byte where no library would write them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Contents = dict[str, bytes]
_PIECE = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A member of a tar: a file, or whatever ``type`` says."""

    name: str
    content: bytes = b""
    type: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644


def zstd_compress(content: bytes) -> bytes:
    return zstd.compress(content)


def tar_bytes(*parts: Part, form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar of these members, in order."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=form) as packed:
        for part in parts:
            entry = tarfile.TarInfo(part.name)
            entry.type, entry.linkname, entry.mode = part.type, part.target, part.mode
            entry.size = len(part.content)
            entry.mtime = 1_600_000_000
            packed.addfile(entry, io.BytesIO(part.content))
    return whole.getvalue()


def write_tar(folder: Path, *parts: Part, name: str = "archive.tar") -> Path:
    path = folder / name
    path.write_bytes(tar_bytes(*parts))
    return path


def wheel_contents(
    name: str = "pkg", version: str = "1.0", *, scripts: str = "", more: Contents | None = None
) -> Contents:
    """Return the members of a sound wheel, RECORD last."""
    info = f"{name}-{version}.dist-info"
    contents = {f"{name}.py": b"VERSION = 1\n", **(more or {})}
    contents[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\ntext\n".encode()
    )
    contents[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if scripts:
        contents[f"{info}/entry_points.txt"] = scripts.encode()
    contents[f"{info}/RECORD"] = record_of(contents, f"{info}/RECORD")
    return contents


def record_of(contents: Contents, own: str) -> bytes:
    rows = [f'"{path}",sha256={_urlsafe(content)},{len(content)}' for path, content in contents.items()]
    return "\n".join([*rows, f"{own},,", ""]).encode()


def write_zip(folder: Path, contents: Contents, name: str = "pkg-1.0-py3-none-any.whl") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for member, content in contents.items():
            packed.writestr(member, content)
    return path


def write_wheel(folder: Path, *, scripts: str = "", more: Contents | None = None) -> Path:
    return write_zip(folder, wheel_contents(scripts=scripts, more=more))


def write_conda(
    folder: Path, *parts: Part, info: tuple[Part, ...] = (), name: str = "pkg-1.0-0.conda"
) -> Path:
    """Write a conda package of the second format: a ZIP of two tars."""
    stem = name.removesuffix(".conda")
    index = Part(name="info/index.json", content=json.dumps({"name": "pkg", "version": "1.0"}).encode())
    path = folder / name
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        packed.writestr(f"pkg-{stem}.tar.zst", zstd.compress(tar_bytes(*parts)))
        packed.writestr(f"info-{stem}.tar.zst", zstd.compress(tar_bytes(index, *info)))
    return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """A ZIP member whose headers may lie; None takes what is true."""

    name: bytes
    packed: bytes = b""
    method: int = 0
    unpacked: int | None = None
    crc: int | None = None
    flags: int = 0
    mode: int = 0o100644
    local_name: bytes | None = None
    local_unpacked: int | None = None
    extra: bytes = b""
    after: bytes = b""


def zip_bytes(
    *members: Raw, before: bytes = b"", between: bytes = b"", comment: bytes = b"", behind: bytes = b""
) -> bytes:
    """Return a ZIP archive as these say."""
    whole, directory = bytearray(before), bytearray()
    for member in members:
        at = len(whole)
        unpacked = len(member.packed) if member.unpacked is None else member.unpacked
        crc = zlib.crc32(member.packed) if member.crc is None else member.crc
        large = unpacked > 0xFFFFFFFE
        extra = member.extra + (struct.pack("<2HQ", 1, 8, unpacked) if large else b"")
        short = 0xFFFFFFFF if large else unpacked
        own = short if member.local_unpacked is None else member.local_unpacked
        own_name = member.name if member.local_name is None else member.local_name
        own_extra = struct.pack("<2H2Q", 1, 16, unpacked, len(member.packed)) if large else member.extra
        own_packed = 0xFFFFFFFF if large else len(member.packed)
        whole += struct.pack(
            "<4s5H3L2H",
            b"PK\3\4",
            45,
            member.flags,
            member.method,
            0,
            33,
            crc,
            own_packed,
            own,
            len(own_name),
            len(own_extra),
        )
        whole += own_name + own_extra + member.packed + member.after
        directory += (
            struct.pack(
                "<4s6H3L5H2L",
                b"PK\1\2",
                0x31E,
                45,
                member.flags,
                member.method,
                0,
                33,
                crc,
                len(member.packed),
                short,
                len(member.name),
                len(extra),
                0,
                0,
                0,
                member.mode << 16,
                at,
            )
            + member.name
            + extra
        )
    whole += between
    start = len(whole)
    whole += directory
    whole += struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), start, len(comment)
    )
    return bytes(whole + comment + behind)


def zeros_deflated(size: int) -> bytes:
    """Return ``size`` zero bytes (a multiple of 64 MiB), deflated at the greatest ratio, without making them all."""
    return _deflated_piece() * (size // _PIECE) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


@cache
def _deflated_piece() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(_PIECE)) + packer.flush(zlib.Z_FULL_FLUSH)


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
