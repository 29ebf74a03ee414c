"""The package index beside solved conda packages: an engine that takes their distributions as given.

Each of them is put into the engine's way as a wheel without content, named by its place, so that whatever needs
it is checked against its version; none of them is looked up, fetched or built, and none is in the answer.
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from envbuilder.digests import digest_bytes
from envbuilder.errors import StoreError
from envbuilder.resolver.engine import Answer, Failure, Question, Solution
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from envbuilder.lock import CondaPackage
    from envbuilder.resolver.engine import Engine

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: the same bytes for the same wheel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """A distribution that is there already."""

    name: PypiName
    version: str
    wheel: Path
    sha256: str

    @property
    def line(self) -> str:
        """The requirement (PEP 508) that leaves an engine no other choice."""
        return f"{self.name} @ {self.wheel.as_uri()}#sha256={self.sha256}"


def given(packages: Iterable[CondaPackage], folder: Path) -> tuple[Given, ...]:
    """Return the distributions of packages, each once, their wheels written below ``folder``. Raises StoreError.

    Of those whose version is none by PEP 440 nothing can be given.
    """
    from envbuilder.conda.brought import by_distribution

    found = []
    for name, package in by_distribution(packages).items():
        try:
            version = str(Version(package.version))
        except InvalidVersion:
            continue
        content = _wheel(name, version)
        path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        _keep(path, content)
        found.append(Given(name=name, version=version, wheel=path, sha256=digest_bytes(content)))
    return tuple(found)


def _wheel(name: PypiName, version: str) -> bytes:
    """A wheel that holds nothing but what it is (PEP 427)."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: envbuilder\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": f"{folder}/METADATA,,\n{folder}/WHEEL,,\n{folder}/RECORD,,\n",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{file}", _EPOCH), text)
    return stream.getvalue()


def _keep(path: Path, content: bytes) -> None:
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of our own: another process may be writing the same.
        unfinished = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}",
            hint="look at the disk and the rights of the store",
        ) from error


@dataclass(kw_only=True, slots=True)
class Beside:
    """An engine of the package index that has some distributions already."""

    engine: Engine
    given: tuple[Given, ...]
    answers: dict[Question, Answer] = field(default_factory=dict)
    """What was asked already."""

    @property
    def name(self) -> str:
        """The engine's own."""
        return self.engine.name

    def solve(self, question: Question) -> Answer:
        """Answer as the engine does, without what is given."""
        if question not in self.answers:
            self.answers[question] = self._solve(question)
        return self.answers[question]

    def _solve(self, question: Question) -> Answer:
        lines = {item.name: item.line for item in self.given}
        wanted = {_name(line) for line in question.requirements if _needs_metadata(line)}
        for name in wanted:
            lines.pop(name, None)
        pinned = {item.name: f"{item.name}=={item.version}" for item in self.given if item.name in wanted}
        asked = replace(
            question,
            requirements=(*(r for r in question.requirements if _name(r) not in lines), *lines.values()),
            constraints=(*(c for c in question.constraints if _name(c) not in lines), *pinned.values()),
            overrides=tuple(lines.get(_name(o), o) for o in question.overrides),
        )
        answer, own = self.engine.solve(asked), {item.name for item in self.given}
        if isinstance(answer, Failure):
            # What is given lacks nothing: others want another version of it.
            others = answer.packages and own.issuperset(answer.packages)
            return replace(answer, lack=None, younger=()) if others else answer
        return Solution(
            candidates=tuple(c for c in answer.candidates if c.name not in own),
            yanked=tuple(y for y in answer.yanked if y.name not in own),
        )


def _name(line: str) -> PypiName:
    return PypiName(canonicalize_name(Requirement(line).name))


def _needs_metadata(line: str) -> bool:
    """Whether only the index can say what a line brings: it asks for an extra, whose packages nobody has yet."""
    requirement = Requirement(line)
    return bool(requirement.extras) or requirement.url is not None
