"""Conda packages that exist on the package index become requirements; those that don't are told apart."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.conda_versions import Unequal, specifier_of
from envbuilder.rewriter.names import Absent, Distribution, Undecided, answer_for
from envbuilder.spec import CondaRequirement, EnvSpec, PypiRequirement

FROM_CONDA = "rewrite/conda-package"
NO_DISTRIBUTION = "rewrite/conda-only"


def take_from_index(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Turn conda dependencies into requirements where our table or the policy knows their name.

    A name that nobody decided, or a constraint that PEP 440 cannot say, stays among the conda
    dependencies: the resolver refuses it by name.
    """
    requirements, left, changes = [], [], []
    for item in spec.conda:
        match answer_for(item.name, policy):
            case Undecided():
                left.append(item)
            case Absent() as absent:
                changes.append(_dropped(item, absent))
            case Distribution() as distribution:
                requirement = _requirement(item, distribution)
                if isinstance(requirement, Unequal):
                    left.append(item)
                else:
                    requirements.append(requirement)
                    changes.append(_moved(item, requirement))
    if not changes:
        return spec, ()
    pypi = spec.pypi + tuple(requirements)
    return replace(spec, conda=tuple(left), pypi=pypi), tuple(changes)


def why_left(item: CondaRequirement, policy: Policy) -> str:
    """Return why a dependency was left to conda, for the message that refuses it."""
    answer = answer_for(item.name, policy)
    if isinstance(answer, Distribution):
        requirement = _requirement(item, answer)
        if isinstance(requirement, Unequal):
            return requirement.reason
    return "its name on the package index is not known"


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


def _moved(item: CondaRequirement, requirement: PypiRequirement) -> Change:
    return Change(
        code=FROM_CONDA,
        message=f"the conda package {item.name} comes from the package index, as {requirement.text}",
        effect=Effect.ADAPTED, before=item.text, after=requirement.text, origin=item.origin,
    )  # fmt: skip


def _dropped(item: CondaRequirement, absent: Absent) -> Change:
    return Change(
        code=NO_DISTRIBUTION,
        message=f"the conda package {excerpt(item.text)} is left out: {absent.reason}",
        effect=absent.effect, before=item.text, origin=item.origin,
    )  # fmt: skip
