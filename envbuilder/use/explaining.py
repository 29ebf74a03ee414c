"""Why an environment is what it is: where each requirement comes from, what was changed, what keys mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envbuilder.environment import CONDA_LAYOUT_VERSION, LAYOUT_VERSION, environment_id
from envbuilder.errors import EnvbuilderError, InputRefused, InterpreterError
from envbuilder.findings import Fidelity, fidelity_of
from envbuilder.interpreters.choice import Interpreters
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.model import read_model
from envbuilder.resolver.targets import host_platform
from envbuilder.store.remarks import read_findings
from envbuilder.store.store import Store
from envbuilder.use.engine_choice import rewritten_for
from envbuilder.use.locking import PLAIN, lock_model
from envbuilder.use.reading import with_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from envbuilder.environment import Environment, Interpreter
    from envbuilder.findings import Change, Finding, Origin
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.request import Request
    from envbuilder.settings import Settings
    from envbuilder.spec import EnvSpec, Rewritten
    from envbuilder.use.engine_choice import EngineChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One thing that a file of the model asks for, before anything was changed."""

    kind: str
    """``python``, ``seed``, ``requirement``, ``constraint``, ``conda``, ``direct``, ``channel``, ``option``."""
    text: str
    origin: Origin | None
    decides: bool = True
    """False where another file has the say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A package of the lock and the lines that ask for it; none for a dependency of others."""

    name: str
    version: str
    filename: str
    asked_at: tuple[Origin, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key and what it is the sha256 of, part by part, for people."""

    name: str
    value: str
    made_of: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that led from the model's files to its environment, as far as it goes."""

    model: str
    wishes: tuple[Wish, ...]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    packages: tuple[Package, ...] = ()
    choice: EngineChoice
    """Which kind of environment the model gets, and why."""
    keys: tuple[Key, ...]
    environment: Environment | None = None
    """The environment, if the store has it."""
    remarks: tuple[Finding, ...] = ()
    """What is to be told of that environment (``build/…``)."""
    stopped_by: EnvbuilderError | None = field(default=None, compare=False)
    """Why there is no lock, if there is none."""

    @property
    def fidelity(self) -> Fidelity:
        """How close the environment is, or would be, to the logged one."""
        return fidelity_of(self.changes)


def explain(
    model: Path,
    *,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Explanation:
    """Return what a model's environment is made of; resolves if the store knows no lock, builds nothing.

    Raises InputRefused and whatever else keeps the model from being read; a failing resolution is told in
    ``stopped_by``.
    """
    rewritten, choice = rewritten_for(read_model(model), request=request, policy=policy)
    store = Store.open(settings.home)
    rewritten = with_files(rewritten, model, policy=policy, store=store)
    spec_key = Key(name="spec_id", value=rewritten.spec_id, made_of=tuple(_spec_parts(rewritten.spec)))
    try:
        locked = lock_model(model, request=request, settings=settings, policy=policy, progress=progress)
    except InputRefused:
        raise
    except EnvbuilderError as error:
        return Explanation(
            model=str(model), wishes=tuple(_wishes(rewritten.original)), changes=rewritten.changes,
            findings=rewritten.spec.findings, keys=(spec_key,), choice=choice, stopped_by=error,
        )  # fmt: skip
    lock, rewritten = locked.lock, locked.rewritten
    spec_key = replace(spec_key, value=lock.spec_id, made_of=tuple(_spec_parts(rewritten.spec)))
    keys = [spec_key, Key(name="lock_id", value=lock.lock_id, made_of=tuple(_lock_parts(lock)))]
    interpreter = None if lock.conda else _interpreter(lock, settings, store)
    environment = None
    if interpreter or (lock.conda and lock.target.platform == host_platform()):
        env_id = environment_id(lock, interpreter)
        keys.append(Key(name="env_id", value=env_id, made_of=tuple(_environment_parts(lock, interpreter))))
        environment = store.find(env_id)
    return Explanation(
        model=str(model),
        wishes=tuple(_wishes(rewritten.original)),
        changes=lock.changes,
        findings=rewritten.spec.findings,
        packages=tuple(_packages(lock, rewritten)),
        choice=locked.choice,
        keys=tuple(keys),
        environment=environment,
        remarks=read_findings(environment.prefix) if environment else (),
    )


def _interpreter(lock: Lock, settings: Settings, store: Store) -> Interpreter | None:
    """The interpreter that the environment would get, if this host has the one that the lock is for."""
    if lock.target.platform != host_platform():
        return None
    try:
        found = Interpreters(settings=settings, folder=store.pythons).choose(lock.target.python)
    except InterpreterError:
        return None
    return found if found.version == lock.target.python else None


def _wishes(spec: EnvSpec) -> Iterator[Wish]:
    for number, python in enumerate(spec.python):
        yield Wish(kind="python", text=python.text, origin=python.origin, decides=number == 0)
    for kind, items in (
        ("seed", spec.seeds), ("requirement", spec.pypi), ("constraint", spec.constraints),
    ):  # fmt: skip
        for item in items:
            yield Wish(kind=kind, text=item.text, origin=item.origin, decides=item.primary)
    for conda in spec.conda:
        yield Wish(kind="conda", text=conda.text, origin=conda.origin)
    for direct in spec.direct:
        yield Wish(kind="direct", text=str(direct.url), origin=direct.origin)
    for channel in spec.channels:
        yield Wish(kind="channel", text=channel.text, origin=channel.origin)
    for option in spec.options:
        yield Wish(kind="option", text=f"{option.name} {option.value}".strip(), origin=option.origin)


def _packages(lock: Lock, rewritten: Rewritten) -> Iterator[Package]:
    asked: dict[str, list[Origin]] = {}
    for item in (*rewritten.spec.seeds, *rewritten.spec.pypi):
        asked.setdefault(item.name, []).append(item.origin)
    for reference in rewritten.spec.direct:
        if reference.name:
            asked.setdefault(reference.name, []).append(reference.origin)
    yield from _conda_packages(lock, rewritten, asked)
    for artifact in lock.artifacts:
        origins = tuple(dict.fromkeys(asked.get(artifact.name, ())))
        yield Package(
            name=artifact.name, version=artifact.version, filename=artifact.filename, asked_at=origins
        )


def _conda_packages(
    lock: Lock, rewritten: Rewritten, asked: Mapping[str, Iterable[Origin]]
) -> Iterator[Package]:
    """A distribution that pip's lines ask for may be a conda package's."""
    named: dict[str, list[Origin]] = {"python": [wish.origin for wish in rewritten.spec.python[:1]]}
    for item in rewritten.spec.conda:
        named.setdefault(item.name, []).append(item.origin)
    for package in lock.conda:
        origins = (*named.get(package.name, ()), *asked.get(package.distribution or "", ()))
        yield Package(
            name=package.name, version=package.version, filename=package.filename,
            asked_at=tuple(dict.fromkeys(origins)),
        )  # fmt: skip


def _spec_parts(spec: EnvSpec) -> Iterator[tuple[str, str]]:
    """What identity.spec_id_of covers, in people's words."""
    parts = {
        "python": [wish.text for wish in spec.python[:1]],
        "pip, setuptools, wheel": sorted(item.text for item in spec.seeds),
        "requirements": sorted(item.text for item in spec.pypi),
        "constraints": sorted(item.text for item in spec.constraints),
        "conda packages": sorted(item.text for item in spec.conda),
        "channels": [channel.text for channel in spec.channels],
        "direct references": sorted(str(item.url) for item in spec.direct),
    }
    for name, texts in parts.items():
        if texts:
            yield name, ", ".join(texts)


def _lock_parts(lock: Lock) -> Iterator[tuple[str, str]]:
    yield "python", f"{lock.target.implementation} {lock.target.python}"
    yield "platform", lock.target.platform
    yield "files", f"{len(lock.artifacts)}, each by name, version, kind and sha256"
    if lock.conda:
        yield "conda packages", f"{len(lock.conda)}, each by name, version, build, platform and sha256"


def _environment_parts(lock: Lock, interpreter: Interpreter | None) -> Iterator[tuple[str, str]]:
    yield "lock_id", lock.lock_id
    if interpreter is None:
        yield "platform", f"{lock.target.platform}, {lock.target.floor}"
        yield "installer", "conda"
        yield "layout", str(CONDA_LAYOUT_VERSION)
        return
    yield "interpreter", f"{interpreter.implementation} {interpreter.version} {interpreter.soabi}"
    yield "interpreter's bytes", interpreter.binary_digest
    yield "platform", f"{interpreter.platform}, {interpreter.floor}"
    yield "installer", "pip" if lock.engine == "pip" else "uv"
    yield "layout", str(LAYOUT_VERSION)
