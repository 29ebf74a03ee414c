"""A channel of hand-made records, and an index in memory that takes what the channel brings as given."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from envbuilder.conda.resolution import resolve_conda
from envbuilder.findings import Origin
from envbuilder.lock import Lock
from envbuilder.policy import Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.resolver.engine import Answer, Question
from envbuilder.settings import Settings
from envbuilder.spec import Channel, CondaName, CondaRequirement, Rewritten
from tests.resolver.toy import Release, ToyEngine, ToyInterpreters, wheel
from tests.resolver.toy import index as toy_index

Record = dict[str, object]


def record(
    name: str, version: str, *depends: str, build: str = "0", built: str | None = "2020-01-01", **more: object
) -> Record:
    """One record; its hashes are made of its name."""
    text = f"{name}-{version}-{build}"
    moment = datetime.datetime.fromisoformat(built).replace(tzinfo=datetime.timezone.utc) if built else None
    told = {"timestamp": int(moment.timestamp() * 1000)} if moment else {}
    return {
        "name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends),
        "sha256": hashlib.sha256(text.encode()).hexdigest(), "md5": hashlib.md5(text.encode()).hexdigest(),
        "size": len(text), "license": "MIT", "subdir": "linux-64", **told, **more,
    }  # fmt: skip


def python(version: str, built: str = "2020-01-01") -> Record:
    return record("python", version, "__glibc >=2.17", build="h1_cpython", built=built)


SEEDS = (
    record("pip", "20.0", "python >=3", "setuptools", "wheel", subdir="noarch"),
    record("pip", "21.0", "python >=3", "setuptools", "wheel", subdir="noarch"),
    record("setuptools", "50.0", "python >=3", subdir="noarch"),
    record("wheel", "0.36", "python >=3", subdir="noarch"),
)
"""pip, setuptools and wheel as conda-forge has them."""


def write_channel(folder: Path, *records: Record) -> Path:
    """Write the lists of a channel."""
    for subdir in {"linux-64", "noarch", *(str(r["subdir"]) for r in records)}:
        own = {f"{r['name']}-{r['version']}-{r['build']}.conda": r for r in records if r["subdir"] == subdir}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        listed = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": own, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(listed))
    return folder


class GivenEngine(ToyEngine):
    """Takes ``name @ …/name-1.0-py3-none-any.whl`` for that release, as real engines do."""

    def solve(self, question: Question) -> Answer:
        known = {
            name: {version: found.files[0] for version, found in versions.items()}
            for name, versions in self.releases.items()
        }
        requirements = []
        for line in question.requirements:
            url = Requirement(line).url
            if url:
                name, version = parse_wheel_filename(url.partition("#")[0].rpartition("/")[2])[:2]
                if str(version) not in known.get(name, {}):
                    self.releases.setdefault(name, {})[str(version)] = Release(
                        files=(wheel(name, str(version)),)
                    )
                line = f"{name}=={version}"  # noqa: PLW2901
            requirements.append(line)
        return super().solve(replace(question, requirements=tuple(requirements)))


def index(**releases: dict[str, Release]) -> GivenEngine:
    """An index that has these, pip, setuptools and wheel."""
    return GivenEngine(toy_index(**releases).releases)


def need(text: str, line: int = 1, *, version: str = "", build: str = "") -> CondaRequirement:
    """A conda dependency ``name``, ``name=1.2``, or of another constraint."""
    name, equals, number = text.partition("=")
    return CondaRequirement(
        name=CondaName(name),
        text=text,
        origin=Origin(file="conda.yaml", line=line),
        version=version or f"{equals}{number}",
        build=build,
    )


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Resolves specs against one channel in conda-forge's place."""

    folder: Path
    settings: Settings
    cache: Path

    def resolve(
        self, spec: Rewritten, *conda: CondaRequirement, engine: ToyEngine | None = None,
        request: Request | None = None, policy: Policy | None = None,
    ) -> Lock:  # fmt: skip
        wanted = replace(
            spec,
            spec=replace(
                spec.spec, conda=conda, channels=spec.spec.channels or (Channel(text="conda-forge"),)
            ),
        )
        mirrors = (("conda-forge", (SafeUrl(self.folder.as_uri()),)),)
        return resolve_conda(
            wanted, request=request or Request(platform="linux-x86_64"), settings=self.settings,
            policy=replace(policy or Policy(), channels=Channels(mirrors=mirrors)), engine=engine or index(),
            interpreters=ToyInterpreters(), cache=self.cache,
        )  # fmt: skip


def shown(lock: Lock) -> tuple[list[str], list[str]]:
    """Return conda's and pip's packages as ``name=version``."""
    return [f"{p.name}={p.version}" for p in lock.conda], [f"{a.name}=={a.version}" for a in lock.artifacts]


def codes(lock: Lock) -> list[str]:
    return [change.code for change in lock.changes]
