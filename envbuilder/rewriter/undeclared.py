"""What a model cannot be loaded without and no file names: mlflow itself, and its flavor's library."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.findings import Change, Effect
from envbuilder.flavors import PYTHON_FUNCTION, distribution_of
from envbuilder.policy import Policy
from envbuilder.rewriter.names import Distribution, answer_for, normalised, stand_ins
from envbuilder.rewriter.repairs import released
from envbuilder.spec import EnvSpec, Flavor, PypiName, PypiRequirement

MLFLOW = "rewrite/undeclared-mlflow"
LIBRARY = "rewrite/undeclared-library"

_MLFLOW = PypiName("mlflow")


def add_mlflow(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Add mlflow where its own loader loads the model and no file names it (usual before MLflow 1.0)."""
    loader = next((f for f in spec.flavors if f.name == PYTHON_FUNCTION and _is_mlflows(f)), None)
    if loader is None or _named(spec, _MLFLOW, policy):
        return spec, ()
    reason = f"no file names mlflow, whose {loader.loader_module} loads the model"
    requirement = _requirement(_MLFLOW, spec.provenance.mlflow_version or "", loader)
    return _added(spec, requirement, MLFLOW, reason)


def _is_mlflows(flavor: Flavor) -> bool:
    return flavor.loader_module == "mlflow" or flavor.loader_module.startswith("mlflow.")


def add_libraries(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Add the library of each flavor that no file names, in the version that MLmodel tells."""
    result = spec
    changes: list[Change] = []
    for flavor in spec.flavors:
        library = distribution_of(flavor)
        if library is None or _named(result, library, policy):
            continue
        reason = f"no file names {library}, which the flavor {flavor.name} is made with"
        requirement = _requirement(library, flavor.library_version, flavor)
        result, made = _added(result, requirement, LIBRARY, reason)
        changes += made
    return result, tuple(changes)


def _named(spec: EnvSpec, name: PypiName, policy: Policy) -> bool:
    names = {item.name for item in spec.pypi} | {item.name for item in spec.direct}
    names |= {normalised(item.name) for item in spec.conda}
    found = (answer_for(item.name, policy) for item in spec.conda)
    names |= {answer.name for answer in found if isinstance(answer, Distribution)}
    return bool(names & {name, *stand_ins(name)})


def _requirement(name: PypiName, version: str, flavor: Flavor) -> PypiRequirement:
    specifier = f"=={version}" if released(version) else ""
    return PypiRequirement(name=name, specifier=specifier, origin=flavor.origin)


def _added(
    spec: EnvSpec, requirement: PypiRequirement, code: str, reason: str
) -> tuple[EnvSpec, tuple[Change, ...]]:
    # Where no file names anything, what else the model had is not known.
    whole = spec.pypi or spec.direct or spec.conda
    change = Change(
        code=code,
        message=f"{reason}; {requirement.text} is added",
        effect=Effect.ADAPTED if whole else Effect.DEGRADED,
        after=requirement.text,
        origin=requirement.origin,
    )
    return replace(spec, pypi=(*spec.pypi, requirement)), (change,)
