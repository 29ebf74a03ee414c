"""Wheels and source distributions whose metadata a test writes itself."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from envbuilder.lock import Artifact, Kind
from envbuilder.redact import SafeUrl
from envbuilder.spec import PypiName

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def metadata(name: str, *lines: str, version: str = "1.0") -> bytes:
    return "\n".join(
        [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *lines, "", "text"]
    ).encode()


def artifact(path: Path, name: str, url: str, version: str = "1.0") -> Artifact:
    return Artifact(
        name=PypiName(name),
        version=version,
        kind=Kind.WHEEL if path.suffix == ".whl" else Kind.SDIST,
        filename=path.name,
        url=SafeUrl(f"{url}/{path.name}"),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def wheel(
    folder: Path, name: str, content: bytes, *, files: dict[str, bytes] | None = None, beside: bool = False
) -> Path:
    """Write a wheel, and with ``beside`` its metadata file too."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in (files or {}).items():
            archive.writestr(member, data)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", content)
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    if beside:
        path.with_name(f"{path.name}.metadata").write_bytes(content)
    return path


def sdist(folder: Path, name: str, files: dict[str, bytes], *, packing: str = "gz") -> Path:
    """Write a source distribution with these files below its one folder."""
    path = folder / f"{name}-1.0.{'zip' if packing == 'zip' else f'tar.{packing}'}"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in files.items():
                archive.writestr(f"{name}-1.0/{member}", data)
        return path
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:") as tar:
        for member, data in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{member}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(PACKINGS[packing](plain.getvalue()))
    return path


def bomb(folder: Path, name: str, size: int) -> Path:
    """Write a source distribution that unpacks to ``size`` zeros before its PKG-INFO."""
    path = folder / f"{name}-1.0.tar.gz"
    info = tarfile.TarInfo(f"{name}-1.0/zeros")
    info.size = size
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(info.tobuf())
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
    return path
