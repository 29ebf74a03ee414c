"""A package index in memory and an engine that resolves on it: what the ladder needs, and no more."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envbuilder.environment import Interpreter
from envbuilder.errors import InterpreterError
from envbuilder.findings import Origin
from envbuilder.lock import Artifact, Kind, Target
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import SafeUrl
from envbuilder.resolver.carrying import Carried
from envbuilder.resolver.engine import (
    Answer,
    Candidate,
    Failure,
    FailureKind,
    Lack,
    Question,
    Solution,
    Yanked,
)
from envbuilder.resolver.targets import Place
from envbuilder.spec import (
    DirectReference,
    EnvSpec,
    Provenance,
    PypiName,
    PypiRequirement,
    PythonRequest,
    Rewritten,
)

LINUX = Target(python="3.8.18", platform="linux-x86_64", floor="glibc-2.36")
SPEC_ID = "5" * 64


def day(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)


def wheel(
    name: str, version: str, tag: str = "py3-none-any", uploaded: str | None = "2020-01-01"
) -> Artifact:
    filename = f"{name.replace('-', '_')}-{version}-{tag}.whl"
    return _file(name, version, Kind.WHEEL, filename, uploaded)


def sdist(name: str, version: str, uploaded: str | None = "2020-01-01") -> Artifact:
    return _file(name, version, Kind.SDIST, f"{name}-{version}.tar.gz", uploaded)


def _file(name: str, version: str, kind: Kind, filename: str, uploaded: str | None) -> Artifact:
    return Artifact(
        name=PypiName(name), version=version, kind=kind, filename=filename,
        url=SafeUrl(f"https://example.org/files/{filename}"),
        sha256=hashlib.sha256(filename.encode()).hexdigest(), size=len(filename),
        uploaded=day(uploaded) if uploaded else None,
    )  # fmt: skip


def req(text: str, *, line: int = 1, file: str = "requirements.txt", primary: bool = True) -> PypiRequirement:
    parsed = Requirement(text)
    return PypiRequirement(
        name=PypiName(parsed.name), specifier=str(parsed.specifier), extras=tuple(sorted(parsed.extras)),
        marker=str(parsed.marker or ""), origin=Origin(file=file, line=line, column=1), primary=primary,
    )  # fmt: skip


def rewritten(
    *lines: str, python: tuple[str, ...] = ("3.8.18",), created: str | None = "2021-06-01", **more: object
) -> Rewritten:
    spec = EnvSpec(
        python=tuple(
            PythonRequest(text=text, origin=Origin(file=f"file{i}", line=1)) for i, text in enumerate(python)
        ),
        pypi=tuple(req(text, line=i) for i, text in enumerate(lines, 1)),
        provenance=Provenance(model="toy", created=day(created) if created else None),
    )
    spec = replace(spec, **more)  # type: ignore[arg-type]
    return Rewritten(spec=spec, original=spec, changes=(), spec_id=SPEC_ID)


@dataclass(frozen=True, kw_only=True)
class Release:
    files: tuple[Artifact, ...]
    requires: tuple[str, ...] = ()
    python: str = ""
    platforms: tuple[str, ...] = ()
    """Not empty: the release has wheels for these platforms only."""
    broken: bool = False
    """Its metadata cannot be built."""


@dataclass
class ToyEngine:
    """Resolves greedily, newest first, without backtracking; keeps every question."""

    releases: dict[str, dict[str, Release]]
    name: str = "toy"
    yanked: tuple[Yanked, ...] = ()
    asked: list[Question] = field(default_factory=list)

    def solve(self, question: Question) -> Answer:
        self.asked.append(question)
        overrides = {Requirement(text).name: text for text in question.overrides}
        wanted: dict[str, list[str]] = {}
        for text in question.requirements:
            _want(wanted, text, overrides)
        limits: dict[str, list[str]] = {}
        for text in question.constraints:
            parsed = Requirement(text)
            if parsed.name not in overrides:
                limits.setdefault(parsed.name, []).append(str(parsed.specifier))
        chosen: dict[str, str] = {}
        queue = list(wanted)
        while queue:
            name = queue.pop()
            picked = self._pick(name, ",".join(filter(None, wanted[name] + limits.get(name, []))), question)
            if isinstance(picked, Failure):
                return picked
            if chosen.get(name) == picked:
                continue
            chosen[name] = picked
            release = self.releases[name][picked]
            if release.broken and question.dependencies:
                return Failure(
                    kind=FailureKind.BUILD, text="it does not build", packages=(PypiName(name),),
                    release=(PypiName(name), picked),
                )  # fmt: skip
            if question.dependencies:
                queue += [_want(wanted, text, overrides) for text in release.requires]
        return Solution(
            candidates=tuple(
                Candidate(name=PypiName(n), version=v, files=self.releases[n][v].files)
                for n, v in sorted(chosen.items())
            ),
            yanked=tuple(y for y in self.yanked if chosen.get(y.name) == y.version),
        )

    def _pick(self, name: str, specifier: str, question: Question) -> str | Failure:
        def failure(lack: Lack | None, **more: object) -> Failure:
            return replace(
                Failure(
                    kind=FailureKind.NO_SOLUTION, text=f"{name}{specifier} cannot be had",
                    packages=(PypiName(name),), lack=lack,
                ),
                **more,  # type: ignore[arg-type]
            )  # fmt: skip

        if name not in self.releases:
            return failure(Lack.NAME)
        allowed = SpecifierSet(specifier)
        some = [
            v for v in self.releases[name] if allowed.contains(v, prereleases=question.prereleases or None)
        ]
        dated = [v for v in some if self._old_enough(name, v, question)]
        if name in question.wheels_only:
            files = {v: self.releases[name][v].files for v in dated}
            dated = [v for v in dated if any(f.kind is Kind.WHEEL for f in files[v])]
        if not dated:
            younger = (PypiName(name),) if some else ()
            return failure(Lack.VERSION, younger=younger)
        for version in sorted(dated, key=Version, reverse=True):
            release = self.releases[name][version]
            if release.platforms:
                return failure(Lack.PLATFORM, platforms=release.platforms)
            if SpecifierSet(release.python).contains(question.target.python):
                return version
        return failure(Lack.PYTHON, python=self.releases[name][dated[0]].python)

    def _old_enough(self, name: str, version: str, question: Question) -> bool:
        cutoff = question.cutoff
        files = self.releases[name][version].files
        return (
            cutoff is None
            or name in question.exempt
            or any(f.uploaded is None or f.uploaded <= cutoff for f in files)
        )


def _want(wanted: dict[str, list[str]], text: str, overrides: dict[str, str]) -> str:
    parsed = Requirement(text)
    final = Requirement(overrides.get(parsed.name, text))
    wanted.setdefault(parsed.name, []).append(str(final.specifier))
    return parsed.name


def index(**releases: dict[str, Release]) -> ToyEngine:
    """An index with pip, setuptools and wheel in it; ``_`` in a keyword stands for ``-``."""
    seeds = {
        name: {
            "1.0": Release(files=(wheel(name, "1.0"),)),
            "9.0": Release(files=(wheel(name, "9.0", uploaded="2024-01-01"),)),
        }
        for name in ("pip", "setuptools", "wheel")
    }
    return ToyEngine(seeds | {name.replace("_", "-"): some for name, some in releases.items()})


def release(
    name: str, version: str, uploaded: str | None = "2020-01-01", **more: object
) -> dict[str, Release]:
    """One release with one wheel for everything."""
    return {version: replace(Release(files=(wheel(name, version, uploaded=uploaded),)), **more)}  # type: ignore[arg-type]


@dataclass
class ToyCarrier:
    """Brings the same wheel for every reference."""

    artifact: Artifact

    def carry(self, reference: DirectReference, place: Place, day: datetime.datetime | None) -> Carried:  # noqa: ARG002
        return Carried(
            artifact=self.artifact,
            wheel=Path("/store") / self.artifact.filename,
            wheel_sha256=self.artifact.sha256,
            extras=reference.extras,
        )


@dataclass
class ToyInterpreters:
    """Interpreters of these versions, none of which exists."""

    versions: tuple[str, ...] = ("3.6.15", "3.7.16", "3.8.18", "3.9.18", "3.10.13", "3.11.7", "3.12.1")

    def present(self) -> tuple[Interpreter, ...]:
        return tuple(
            Interpreter(
                path=Path(f"/python{v}"), binary=Path(f"/python{v}"), binary_digest="0" * 64, version=v,
                implementation="cpython", soabi="", platform="linux-x86_64", floor="glibc-2.36",
            )
            for v in self.versions
        )  # fmt: skip

    def choose(self, wish: str, *, progress: Progress = SILENT) -> Interpreter:  # noqa: ARG002
        specifier = wish
        if wish[0].isdigit():
            specifier = f"=={'.'.join(wish.split('.')[:2])}.*"
        found = [i for i in self.present() if SpecifierSet(specifier).contains(i.version)]
        if not found:
            raise InterpreterError(f"no python {wish}")
        return next((i for i in found if i.version == wish), found[-1])
