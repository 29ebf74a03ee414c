"""Conda packages that exist on the package index become requirements; those that don't are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.reader.folding import same_marker, united
from envbuilder.redact import excerpt
from envbuilder.rewriter.conda_versions import Unequal, specifier_of
from envbuilder.rewriter.names import Absent, Distribution, Undecided, answer_for
from envbuilder.spec import CondaRequirement, EnvSpec, PypiName, PypiRequirement

FROM_CONDA = "rewrite/conda-package"
NO_DISTRIBUTION = "rewrite/conda-only"
IN_BOTH = "rewrite/conda-and-pip"


def take_from_index(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Turn conda dependencies into requirements where our table or the policy knows their name.

    A name that nobody decided, or a constraint that PEP 440 cannot say, stays among the conda
    dependencies: the resolver refuses it by name, with ``why_left``.
    """
    return taken_from_index(replace(spec, conda=()), spec.conda, policy)


def taken_from_index(
    spec: EnvSpec, items: Iterable[CondaRequirement], policy: Policy
) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Return a spec with the requirements of conda dependencies; those that stay are joined to its own."""
    moving = _Moving(pypi=list(spec.pypi), located={d.name for d in spec.direct if d.name})
    left = list(spec.conda)
    for item in items:
        match answer_for(item.name, policy):
            case Undecided():
                left.append(item)
            case Absent() as absent:
                moving.changes.append(_dropped(item, absent))
            case Distribution() as distribution:
                requirement = _requirement(item, distribution)
                if isinstance(requirement, Unequal):
                    left.append(item)
                else:
                    moving.take(item, requirement)
    return replace(spec, conda=tuple(left), pypi=tuple(moving.pypi)), tuple(moving.changes)


def why_left(item: CondaRequirement, policy: Policy) -> str:
    """Return why a dependency was left to conda, for the message that refuses it."""
    answer = answer_for(item.name, policy)
    if isinstance(answer, Distribution):
        requirement = _requirement(item, answer)
        if isinstance(requirement, Unequal):
            return requirement.reason
    return "its name on the package index is not known"


def why_conda(item: CondaRequirement, policy: Policy) -> str | None:
    """Return why a virtual environment cannot have a dependency, or do without it; None where it can."""
    answer = answer_for(item.name, policy)
    if isinstance(answer, Absent):
        return answer.reason if answer.of_conda else None
    if isinstance(answer, Distribution) and not isinstance(_requirement(item, answer), Unequal):
        return None
    return why_left(item, policy)


def _requirement(item: CondaRequirement, distribution: Distribution) -> PypiRequirement | Unequal:
    specifier = specifier_of(item.version)
    if isinstance(specifier, Unequal):
        return specifier
    if distribution.longer and specifier.startswith("==") and "," not in specifier:
        specifier = specifier.removesuffix(".*") + ".*"
    return PypiRequirement(
        name=distribution.name, specifier=specifier, extras=distribution.extras, marker=distribution.marker,
        origin=item.origin,
    )  # fmt: skip


@dataclass(kw_only=True, slots=True)
class _Moving:
    """The requirements while conda packages join them."""

    pypi: list[PypiRequirement]
    located: set[PypiName]
    changes: list[Change] = field(default_factory=list)
    moved: set[PypiName] = field(default_factory=set)

    def take(self, item: CondaRequirement, requirement: PypiRequirement) -> None:
        named = [other for other in self.pypi if other.name == requirement.name]
        if requirement.name in self.located:
            self._overruled(item, "its direct reference")
        elif not named:
            self.pypi.append(requirement)
            self.moved.add(requirement.name)
            self._tell(item, requirement.text)
        else:
            self._join(item, requirement, named)

    def _join(self, item: CondaRequirement, new: PypiRequirement, named: list[PypiRequirement]) -> None:
        """Join what conda and pip both list: both hold if they can, else pip's, which installs last."""
        first = _like(named, new.marker)
        if first is None:
            self._overruled(item, f"{named[0].origin}: {named[0].text}")
            return
        specifier = united(first.specifier, new.specifier)
        if specifier is None and first.name not in self.moved:
            self._overruled(item, f"{first.origin}: {first.text}")
            return
        # Two conda lines that exclude each other both stand: conda would not have solved them either.
        joined = replace(
            first,
            specifier=f"{first.specifier},{new.specifier}" if specifier is None else specifier,
            extras=tuple(sorted({*first.extras, *new.extras})),
        )
        self.pypi[self.pypi.index(first)] = joined
        self._tell(item, joined.text, IN_BOTH)

    def _overruled(self, item: CondaRequirement, by: str) -> None:
        message = f"pip installs after conda: {excerpt(item.text)} gives way to {excerpt(by)}"
        self._add(IN_BOTH, message, item, "")

    def _tell(self, item: CondaRequirement, text: str, code: str = FROM_CONDA) -> None:
        also = ", joined with the other lines for it" if code == IN_BOTH else ""
        message = f"the conda package {item.name} comes from the package index, as {text}{also}"
        self._add(code, message, item, text)

    def _add(self, code: str, message: str, item: CondaRequirement, after: str) -> None:
        before = excerpt(item.text)
        self.changes.append(
            Change(
                code=code,
                message=message,
                effect=Effect.ADAPTED,
                before=before,
                after=after,
                origin=item.origin,
            )
        )


def _like(named: Iterable[PypiRequirement], marker: str) -> PypiRequirement | None:
    return next((other for other in named if same_marker(other.marker) == same_marker(marker)), None)


def _dropped(item: CondaRequirement, absent: Absent) -> Change:
    return Change(
        code=NO_DISTRIBUTION,
        message=f"the conda package {excerpt(item.text)} is left out: {absent.reason}",
        effect=absent.effect, before=excerpt(item.text), origin=item.origin,
    )  # fmt: skip
