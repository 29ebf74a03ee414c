"""Wheels and source distributions of our own making: builds without an index, each test with its own trap."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import tarfile
import zipfile
from pathlib import Path

from envbuilder.lock import Artifact, Kind
from envbuilder.redact import SafeUrl
from envbuilder.spec import PypiName

BACKEND = """
import os, sys, zipfile
NAME, VERSION = {name!r}, {version!r}
def _wheel(folder):
    {trap}
    info = "%s-%s.dist-info" % (NAME, VERSION)
    name = "%s-%s-py3-none-any.whl" % (NAME, VERSION)
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr(NAME + ".py", "SEEN = %r" % (dict(os.environ),))
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (NAME, VERSION))
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory)
def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError
"""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    files: dict[str, str] | None = None,
    scripts: dict[str, str] | None = None,
) -> Artifact:
    """Write a pure wheel with these files and console scripts (name to ``module:function``)."""
    info = f"{name}-{version}.dist-info"
    contents = dict(files if files is not None else {f"{name}.py": f"VERSION = {version!r}\n"})
    contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    contents[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if scripts:
        lines = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
    return _written(folder, name, version, {path: text.encode() for path, text in contents.items()})


def repack_pip(folder: Path) -> Artifact:
    """Make a wheel of the pip that is installed beside the tests."""
    distribution = importlib.metadata.distribution("pip")
    contents = {}
    for file in distribution.files or ():
        if ".." not in file.parts and file.suffix != ".pyc" and file.name not in ("RECORD", "INSTALLER"):
            contents[str(file)] = Path(str(distribution.locate_file(file))).read_bytes()
    return _written(folder, "pip", distribution.version, contents)


def _written(folder: Path, name: str, version: str, contents: dict[str, bytes]) -> Artifact:
    record = f"{name}-{version}.dist-info/RECORD"
    rows = [f"{path},sha256={_urlsafe(content)},{len(content)}" for path, content in contents.items()]
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in contents.items():
            wheel.writestr(member, content)
        wheel.writestr(record, "\n".join([*rows, f"{record},,"]) + "\n")
    return artifact_of(path, name, version, Kind.WHEEL)


def make_sdist(
    folder: Path, name: str, version: str = "1.0", *, trap: str = "pass", metadata: str = "2.1"
) -> Artifact:
    """Write a source distribution with a backend in its own tree; ``trap`` runs in the build.

    With ``metadata`` 2.2 nothing has to be built to know what it requires (PEP 643).
    """
    path = folder / f"{name}-{version}.tar.gz"
    members = {
        "PKG-INFO": f"Metadata-Version: {metadata}\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND.format(name=name, version=version, trap=trap),
    }
    with tarfile.open(path, "w:gz") as packed:
        for member, text in members.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{member}")
            entry.size = len(text.encode())
            packed.addfile(entry, io.BytesIO(text.encode()))
    return artifact_of(path, name, version, Kind.SDIST)


def artifact_of(path: Path, name: str, version: str, kind: Kind) -> Artifact:
    """Return a file as a lock names it, by its ``file:`` URL."""
    content = path.read_bytes()
    return Artifact(
        name=PypiName(name.replace("_", "-").lower()),
        version=version,
        kind=kind,
        filename=path.name,
        url=SafeUrl(path.as_uri()),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
