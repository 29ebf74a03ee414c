"""conda-lock.yml: read back as the same lock, by conda-lock's own code, by py-rattler, and by its own schema."""

from __future__ import annotations

import datetime
import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from envbuilder.conda.condalock import read_conda_lock, write_conda_lock
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import (
    Artifact,
    Commit,
    CondaPackage,
    Kind,
    LinkedArchive,
    Lock,
    ModelFile,
    ModelTree,
    Target,
)
from envbuilder.redact import SafeUrl
from envbuilder.spec import CondaName, PypiName
from tests.resolver.toy import day, sdist, wheel

CHANNEL = "https://conda.anaconda.org/conda-forge"


def package(name: str, version: str, *depends: str, subdir: str = "linux-64", **more: Any) -> CondaPackage:
    filename = f"{name}-{version}-h1_0.conda"
    given = {"build": "h1_0", "sha256": "ab" * 32, "md5": "cd" * 16, **more}
    return CondaPackage(
        name=CondaName(name), version=version, channel=CHANNEL, subdir=subdir, filename=filename,
        url=SafeUrl(f"{CHANNEL}/{subdir}/{filename}"), depends=depends, **given,
    )  # fmt: skip


LOCK = Lock(
    target=Target(python="3.8.18", platform="linux-x86_64", floor="glibc-2.28"),
    conda=(
        package(
            "numpy", "1.20", "python >=3.8,<3.9.0a0", "libblas >=3.8", "libblas <4", build_number=3, size=123,
            built=day("2021-01-02"), constrains=("numpy-base <0a0",), license="BSD-3-Clause",
            distribution=PypiName("numpy"),
        ),
        package("python", "3.8.18", "__glibc >=2.17"),
        package("tzdata", "2021a", subdir="noarch", md5="12345678901234567890123456789012"),
    ),
    artifacts=(
        replace(wheel("click", "8.0"), size=1, uploaded=day("2021-03-04")),
        replace(sdist("old", "1.0"), uploaded=None),
    ),
    spec_id="5" * 64,
    engine="conda",
    as_of=datetime.datetime(2021, 6, 1, 10, 0, 1, tzinfo=datetime.timezone.utc),
    changes=(
        Change(
            code="python/patch", message='ünlike "3.8.8": \n\u2028', effect=Effect.ADAPTED, before="3.8.8",
            after="3.8.18", origin=Origin(file="conda.yaml", line=3, column=1),
        ),
        Change(code="date/raised", message="x", effect=Effect.NONE),
    ),
    imports=("sklearn", "mlflow.pyfunc"),
)  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    return write_conda_lock(LOCK)


def test_is_read_back_as_the_same_lock(text: str) -> None:
    again = read_conda_lock(text)
    assert again == LOCK
    assert again.lock_id == LOCK.lock_id


def test_the_lock_id_of_a_conda_lock_is_golden() -> None:
    assert LOCK.lock_id == "7b5c0ee9bc1eb0f1b666d74db129289794c3f093cb5da02f08cbbddd1dfc1232"


def test_the_same_lock_gives_the_same_bytes(text: str) -> None:
    assert write_conda_lock(read_conda_lock(text)) == text


def test_conda_locks_own_reader_and_schema_accept_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(text, "utf-8")
    found = json.loads(_python(READ_BY_CONDA_LOCK, path))
    conda = {(p.name, p.version, p.build, p.url.stripped, p.sha256, p.md5) for p in LOCK.conda}
    assert {tuple(item) for item in found["conda"]} == conda
    assert {tuple(item) for item in found["pip"]} == {(a.name, a.version, a.sha256) for a in LOCK.artifacts}
    origin = importlib.util.find_spec("conda_lock").origin  # type: ignore[union-attr]
    schema = json.loads((Path(str(origin)).parent / "lockfile/v1/conda-lock-v1.schema.json").read_bytes())
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(text))


def test_py_rattler_reads_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(text, "utf-8")
    found = json.loads(_python(READ_BY_RATTLER, path))
    assert {tuple(item) for item in found["conda"]} == {
        (p.name, p.version, p.build, p.url.stripped, p.sha256) for p in LOCK.conda
    }
    assert {tuple(item) for item in found["pip"]} == {(a.name, a.version) for a in LOCK.artifacts}


READ_BY_CONDA_LOCK = """
import json, pathlib, sys
from conda_lock.lockfile import parse_conda_lock_file
found = parse_conda_lock_file(pathlib.Path(sys.argv[1])).package
conda = [[p.name, p.version, p.build, p.url, p.hash.sha256, p.hash.md5] for p in found if p.manager == "conda"]
pip = [[p.name, p.version, p.hash.sha256] for p in found if p.manager == "pip"]
print(json.dumps({"conda": conda, "pip": pip}))
"""

READ_BY_RATTLER = """
import json, os, sys, rattler
environment = rattler.LockFile.from_path(sys.argv[1]).default_environment()
platform = next(p for p in environment.platforms())
conda = [[r.name.normalized, str(r.version), str(r.build), r.url, r.sha256.hex()]
         for r in environment.conda_repodata_records_for_platform(platform)]
pip = [[p.name, str(p.version)] for p in environment.pypi_packages_for_platform(platform)]
print(json.dumps({"conda": conda, "pip": pip}), flush=True)
os._exit(0)
"""


def _python(program: str, path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def brought(name: str, source: LinkedArchive | ModelFile | ModelTree | Commit) -> Artifact:
    made = replace(wheel(name, "1.0", uploaded=None), source=source)
    if isinstance(source, LinkedArchive):
        return made
    if isinstance(source, Commit):
        url = SafeUrl("https://example.org/x.git")
        return replace(made, url=url, kind=Kind.SDIST, filename="source.tar.gz")
    return replace(made, url=SafeUrl(""))


def test_what_the_model_brings_itself_is_read_back() -> None:
    sources: tuple[LinkedArchive | ModelFile | ModelTree | Commit, ...] = (
        LinkedArchive(), ModelFile(path="wheels/a.whl"), ModelTree(path="code"),
        Commit(commit="0123456789" * 4, subdirectory="python"),
    )  # fmt: skip
    own = tuple(brought(f"own-{number}", source) for number, source in enumerate(sources))
    lock = replace(LOCK, artifacts=own)
    assert read_conda_lock(write_conda_lock(lock)) == lock


def test_no_credentials_are_written() -> None:
    secret = SafeUrl("https://user:hunter2@example.org/files/click-8.0-py3-none-any.whl")
    lock = replace(LOCK, artifacts=(replace(LOCK.artifacts[0], url=secret),))
    assert "hunter2" not in write_conda_lock(lock)


def test_a_package_without_md5_cannot_be_written() -> None:
    with pytest.raises(EnvbuilderError) as error:
        write_conda_lock(replace(LOCK, conda=(package("python", "3.8.18", md5=""),)))
    assert error.value.code == "lock/unhashed"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", "version: 2\n"),
        ("ab" * 32, "ac" * 32),
        ("name: click", "name: clack"),
        ("envbuilder-pip", "other"),
        ('"schema": 1', '"schema": 9'),
        ("h1_0", "h2_0"),
        ("package:", "package: ["),
    ],
)
def test_what_was_changed_is_not_read(text: str, old: str, new: str) -> None:
    assert old in text
    with pytest.raises(EnvbuilderError) as error:
        read_conda_lock(text.replace(old, new))
    assert error.value.code == "lock/unreadable"


@pytest.mark.parametrize(
    "text", ["", "[]", "a: &a [*a]", "version: 1\nmetadata: {}\npackage: []\n", "!!python/none x"]
)
def test_what_is_no_lock_of_ours_is_not_read(text: str) -> None:
    with pytest.raises(EnvbuilderError) as error:
        read_conda_lock(text)
    assert error.value.code == "lock/unreadable"
