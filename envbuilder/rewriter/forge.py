"""What conda-forge lacks, of what files ask for: our own table (forge.toml), and the rules that follow it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from envbuilder.channels import CONDA_FORGE, canonical, restricted
from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.matchspecs import rendered
from envbuilder.rewriter.names import VIRTUAL
from envbuilder.rewriter.translation import taken_from_index
from envbuilder.spec import CondaName, CondaRequirement, EnvSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOT_ON_FORGE = "rewrite/not-on-conda-forge"

_BLAS = ("mkl", "openblas", "blis", "netlib")
"""The builds of ``blas``, which on every channel choose a library by their name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    """conda-forge has it by another name."""

    name: CondaName


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """It is left out."""

    effect: Effect
    reason: str
    licensed: bool
    """Whether only where a licensed channel is among the file's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OnIndex:
    """Only the package index has it."""


Lacking: TypeAlias = Renamed | Dropped | OnIndex

_VIRTUAL = Dropped(effect=VIRTUAL.effect, reason=VIRTUAL.reason, licensed=False)


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files("envbuilder.rewriter").joinpath("forge.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def lacking() -> Mapping[CondaName, Lacking]:
    """Return what is done about each name that conda-forge lacks, read once."""
    return dict(_entries(_data()))


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[CondaName, Lacking]]:
    for kind in data["dropped"].values():
        dropped = Dropped(
            effect=Effect(kind["effect"]), reason=kind["reason"], licensed=kind.get("licensed", False)
        )
        yield from ((CondaName(name), dropped) for name in kind["names"].split())
    for name in data["index"]["names"].split():
        yield CondaName(name), OnIndex()
    for name, target in data["renamed"].items():
        yield CondaName(name), Renamed(name=CondaName(target))


@cache
def elsewhere() -> Mapping[str, frozenset[CondaName]]:
    """Return the names that other free channels have, by channel."""
    return {name: frozenset(map(CondaName, text.split())) for name, text in _data()["elsewhere"].items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """The channels that a dependency stands beside, as the file names them."""

    licensed: bool
    """Whether one is licensed."""
    had: frozenset[CondaName]
    """What conda-forge lacks and one of the others has."""

    @classmethod
    def of(cls, channels: Iterable[str]) -> Beside:
        """Return them by their texts."""
        texts = tuple(channels)
        named = {canonical(text).partition("/")[0] for text in texts}
        names = (names for channel, names in elsewhere().items() if channel in named)
        return cls(licensed=any(map(restricted, texts)), had=frozenset[CondaName]().union(*names))

    def answer_for(self, item: CondaRequirement) -> Lacking | None:
        """Return what is to be done about a dependency; None where it can be asked of the channels as it is."""
        if (item.channel and not _is_forge(item.channel)) or item.name in self.had:
            return None
        answer = _VIRTUAL if item.name.startswith("__") else lacking().get(item.name)
        return None if isinstance(answer, Dropped) and answer.licensed and not self.licensed else answer


def _is_forge(channel: str) -> bool:
    return canonical(channel) == CONDA_FORGE or restricted(channel)


def replace_lacking(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Put what conda-forge has in the place of what it lacks, or leave that out; what the index has goes there.

    Has to run while the licensed channels still stand in the spec. What asks for another channel by name is
    left alone, and so is what one of the file's other channels is known to have.
    """
    beside = Beside.of([channel.text for channel in spec.channels])
    decided = {conda.lower() for conda, _ in policy.names}
    kept: list[CondaRequirement] = []
    index: list[CondaRequirement] = []
    changes: list[Change] = []
    for item in spec.conda:
        answer = beside.answer_for(item)
        match answer:
            case _ if item.name in decided:
                index.append(item)
            case OnIndex():
                index.append(item)
            case Renamed(name=name):
                new = renamed(item, name)
                if not _wished(spec.conda, new):
                    kept.append(new)
                changes.append(told_renamed(item, new))
            case Dropped() as dropped:
                changes.append(told_dropped(item, dropped))
            case _:
                kept.append(item)
    result, moved = taken_from_index(replace(spec, conda=tuple(kept)), index, policy)
    changes += moved
    return (result, tuple(changes)) if changes else (spec, ())


def _wished(items: Iterable[CondaRequirement], new: CondaRequirement) -> bool:
    """Whether a file asks for the new name already, in the same versions, and perhaps for more."""
    return {item.version for item in items if item.name == new.name} == {new.version}


def renamed(item: CondaRequirement, name: CondaName) -> CondaRequirement:
    """Return a dependency by conda-forge's name for it, of which builds and hashes are others."""
    return replace(item, name=name, build="", brackets=())


def told_renamed(item: CondaRequirement, new: CondaRequirement) -> Change:
    """Return what is told of that."""
    return Change(
        code=NOT_ON_FORGE,
        message=f"{item.name} is a licensed channel's; conda-forge has it as {new.name}",
        effect=Effect.ADAPTED, before=excerpt(item.text), after=excerpt(rendered(new)), origin=item.origin,
    )  # fmt: skip


def told_dropped(item: CondaRequirement, dropped: Dropped) -> Change:
    """Return what is told of a dependency that is left out."""
    return Change(
        code=NOT_ON_FORGE,
        message=f"the conda package {excerpt(item.text)} is left out: {dropped.reason}",
        effect=dropped.effect, before=excerpt(item.text), origin=item.origin,
    )  # fmt: skip


def keep_blas(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Keep of ``blas=1.0=mkl`` what it says: the library. Versions of that package are each channel's own.

    Has to run before builds of licensed channels are dropped.
    """
    listed = any(restricted(channel.text) for channel in spec.channels)
    changes: list[Change] = []
    kept: list[CondaRequirement] = []
    for item in spec.conda:
        foreign = restricted(item.channel) if item.channel else listed
        new = any_version(item) if foreign and item.name == "blas" else item
        if new != item:
            changes.append(told_any_version(item, new))
        kept.append(new)
    return (replace(spec, conda=tuple(kept)), tuple(changes)) if changes else (spec, ())


def any_version(item: CondaRequirement) -> CondaRequirement:
    """Return a wish for ``blas`` with nothing but its choice of a library."""
    build = item.build if "*" in item.build else f"*{item.build}" if item.build in _BLAS else ""
    return replace(item, version="", build=build, brackets=())


def told_any_version(item: CondaRequirement, new: CondaRequirement) -> Change:
    """Return what is told of that."""
    return Change(
        code=NOT_ON_FORGE,
        message="blas of a licensed channel has versions of its own; only its choice of a library is kept",
        effect=Effect.ADAPTED, before=excerpt(item.text), after=excerpt(rendered(new)), origin=item.origin,
    )  # fmt: skip
