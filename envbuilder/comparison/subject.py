"""What is compared: a model's wishes and, with a lock, what they came to, in one shape for both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from envbuilder.channels import canonical
from envbuilder.comparison.difference import Side, State, Wish
from envbuilder.findings import fidelity_of
from envbuilder.lock import Artifact, CondaPackage, Kind, Lock
from envbuilder.policy import DEFAULT, Policy
from envbuilder.report.report import ModelReport, PackageReport
from envbuilder.rewriter.identity import canonical_marker, canonical_specifier
from envbuilder.rewriter.names import Distribution, answer_for
from envbuilder.spec import (
    Channel,
    CondaName,
    CondaRequirement,
    DirectReference,
    EnvSpec,
    PypiRequirement,
    PythonRequest,
    Rewritten,
)

Key = tuple[str, str]
"""Kind and name of a Delta."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One side: the model as it was judged, its spec, and its lock unless only files are compared.

    The report's findings are compared; its packages, if it has any, tell licences.
    """

    report: ModelReport
    rewritten: Rewritten
    lock: Lock | None = None
    policy: Policy = field(default=DEFAULT)

    @property
    def side(self) -> Side:
        """The side's head: which model, of which day, and its keys."""
        lock, changes = self.lock, self.lock.changes if self.lock else self.rewritten.changes
        return Side(
            model=self.report.model,
            created=self.report.created,
            as_of=lock.as_of if lock else None,
            spec_id=self.rewritten.spec_id,
            lock_id=lock.lock_id if lock else None,
            python=lock.target.python if lock else self.report.python,
            packages=len(lock.artifacts) + len(lock.conda) if lock else None,
            fidelity=fidelity_of(changes),
        )

    @property
    def python(self) -> State | None:
        """The Python: the lock's, else the one that the files pin; and every file's wish for one."""
        asked = self.rewritten.original.python
        wishes = tuple(
            Wish(text=wish.text, meaning=_version_text(wish) or wish.text, origin=wish.origin)
            for wish in asked
        )
        if self.lock:
            return State(version=self.lock.target.python, wishes=wishes)
        return State(version=_version_text(asked[0]), wishes=wishes) if asked else None

    @property
    def packages(self) -> dict[Key, State]:
        """Every package that a file names or the lock holds."""
        locked = _locked(self.lock) if self.lock else {}
        own = {item.name: key for key, item in locked.items() if isinstance(item, CondaPackage)}
        wishes: dict[Key, list[Wish]] = {}
        for key, wish in _wishes(self.rewritten, self.policy, own):
            wishes.setdefault(key, []).append(wish)
        known = {
            own.get(CondaName(item.name), ("conda", item.name))
            if item.ecosystem == "conda"
            else ("pypi", item.name): item
            for item in self.report.packages
        }
        pins = {} if self.lock else dict(_pins(self.rewritten))
        return {
            key: _package(wishes.get(key, []), locked.get(key), pins.get(key), known.get(key))
            for key in (*wishes, *(key for key in locked if key not in wishes))
        }

    @property
    def channels(self) -> dict[Key, State]:
        """The channels in order, the first spelling of each."""
        found: dict[Key, State] = {}
        for channel in self.rewritten.original.channels:
            found.setdefault(("channel", canonical(channel.text)), _channel(channel))
        return found

    @property
    def sources(self) -> dict[Key, State]:
        """Options and direct references. An option may stand several times: its value is part of its name."""
        found: dict[Key, list[Wish]] = {}
        for key, wish in _sources(self.rewritten.original):
            found.setdefault(key, []).append(wish)
        return {key: State(wishes=tuple(wishes)) for key, wishes in found.items()}


def _version_text(wish: PythonRequest) -> str | None:
    return ".".join(map(str, wish.version)) if wish.version else None


def _locked(lock: Lock) -> dict[Key, Artifact | CondaPackage]:
    """The lock's packages: what brings a distribution under that one's name, wherever it comes from."""
    found: dict[Key, Artifact | CondaPackage] = {}
    for package in lock.conda:
        if package.name != "python":
            key = ("pypi", str(package.distribution))
            taken = package.distribution is None or key in found
            found[("conda", str(package.name)) if taken else key] = package
    return found | {("pypi", str(item.name)): item for item in lock.artifacts}


def _wishes(rewritten: Rewritten, policy: Policy, own: Mapping[CondaName, Key]) -> Iterator[tuple[Key, Wish]]:
    """Yield what the files ask for as it stands there, under the names that packages have in the lock.

    ``own`` are the names of its conda packages.
    """
    spec = rewritten.original
    named = {str(item.name) for item in (*spec.seeds, *spec.pypi)}
    for item in (*spec.seeds, *spec.pypi, *spec.constraints):
        yield ("pypi", item.name), _wish(item)
    for conda in spec.conda:
        kind, name = own.get(conda.name) or _conda_key(conda, policy)
        named.add(name)
        yield (kind, name), Wish(text=conda.text, meaning=f"conda {conda.text}", origin=conda.origin)
    for direct in spec.direct:
        if direct.name:
            named.add(direct.name)
            yield ("pypi", direct.name), _located(direct)
    for item in rewritten.spec.pypi:
        if item.name not in named:  # it was added: MLmodel tells of it
            yield ("pypi", item.name), _wish(item)


def _wish(item: PypiRequirement) -> Wish:
    extras = ",".join(sorted(item.extras))
    hashes = " ".join(sorted(item.hashes))
    specifier, marker = canonical_specifier(item.specifier), canonical_marker(item.marker)
    meaning = f"[{extras}] {specifier} ; {marker} {hashes}"
    return Wish(text=item.text, meaning=meaning, origin=item.origin)


def _conda_key(item: CondaRequirement, policy: Policy) -> Key:
    answer = answer_for(item.name, policy)
    return ("pypi", answer.name) if isinstance(answer, Distribution) else ("conda", item.name)


def _pins(rewritten: Rewritten) -> Iterator[tuple[Key, str]]:
    spec = rewritten.spec
    for item in (*spec.constraints, *spec.seeds, *spec.pypi):
        if item.pinned:
            yield ("pypi", item.name), item.pinned


def _package(
    wishes: list[Wish], locked: Artifact | CondaPackage | None, pin: str | None, known: PackageReport | None
) -> State:
    told = dict.fromkeys(wishes)  # a file and one that it includes may say the same
    return State(
        version=locked.version if locked else pin,
        wishes=tuple(told),
        sha256=locked.sha256 if locked else "",
        from_source=isinstance(locked, Artifact) and locked.kind is Kind.SDIST,
        licence=(known.expression or known.evidence) if known else "",
        chain=known.chain if known else (),
    )


def _channel(channel: Channel) -> State:
    meaning = canonical(channel.text)
    return State(wishes=(Wish(text=channel.text, meaning=meaning, origin=channel.origin),))


def _sources(spec: EnvSpec) -> Iterator[tuple[Key, Wish]]:
    for option in spec.options:
        text = f"{option.name} {option.value}".strip()
        yield ("option", text), Wish(text=text, meaning=text, origin=option.origin)
    for item in spec.direct:
        yield (item.kind.value, item.name or str(item.url)), _located(item)


def _located(item: DirectReference) -> Wish:
    text = f"{item.url} {item.digest}".strip()
    return Wish(text=text, meaning=f"{text} ; {item.marker}", origin=item.origin)
