"""The rewrite stage: every rule in order over a spec, every change told, and the key of the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from envbuilder.errors import PolicyError
from envbuilder.findings import Change, Effect
from envbuilder.policy import DEFAULT, Policy
from envbuilder.rewriter.channels import exclude_defaults, name_conda_forge, replace_channels
from envbuilder.rewriter.forge import keep_blas, replace_lacking
from envbuilder.rewriter.identity import spec_id_of
from envbuilder.rewriter.located import name_located
from envbuilder.rewriter.matchspecs import (
    drop_foreign_builds,
    drop_python_builds,
    forget_python_builds,
    requalify,
)  # fmt: skip
from envbuilder.rewriter.options import leave_options
from envbuilder.rewriter.repairs import (
    double_single_equals,
    drop_backports,
    drop_local_labels,
    fold_duplicates,
    name_scikit_learn,
)  # fmt: skip
from envbuilder.rewriter.translation import take_from_index
from envbuilder.rewriter.undeclared import add_libraries, add_mlflow
from envbuilder.spec import EnvSpec, Rewritten

Rule: TypeAlias = Callable[[EnvSpec, Policy], tuple[EnvSpec, tuple[Change, ...]]]

RULES: tuple[Rule, ...] = (
    name_located,
    forget_python_builds,
    drop_foreign_builds,
    requalify,
    replace_channels,
    exclude_defaults,
    take_from_index,
    double_single_equals,
    name_scikit_learn,
    add_mlflow,
    add_libraries,
    drop_local_labels,
    drop_backports,
    fold_duplicates,
    leave_options,
)
"""All rules for a virtual environment, in the order in which they run; each sees what those before it left."""

CONDA_RULES: tuple[Rule, ...] = (
    name_located,
    keep_blas,
    drop_python_builds,
    drop_foreign_builds,
    replace_lacking,
    requalify,
    replace_channels,
    name_conda_forge,
    exclude_defaults,
    *RULES[RULES.index(take_from_index) + 1 :],
)
"""All rules for a conda environment: what is asked of conda stays so, what is asked of pip is mended as ever."""


def rewrite(
    spec: EnvSpec, *, policy: Policy = DEFAULT, strict: bool = False, conda: bool = False
) -> Rewritten:
    """Return the spec as it can be resolved, with every change that this took; ``conda`` for a conda environment.

    Rewriting the result again changes nothing more. With ``strict``, raises PolicyError
    (``policy/strict``) if anything would have been substituted; changes that only restate the wish
    (``Effect.NONE``) are no substitution.
    """
    result = spec
    changes: list[Change] = []
    for rule in CONDA_RULES if conda else RULES:
        result, made = rule(result, policy)
        changes += made
    if strict:
        _refuse_substitutions(tuple(changes))
    return Rewritten(spec=result, original=spec, changes=tuple(changes), spec_id=spec_id_of(result))


def _refuse_substitutions(changes: tuple[Change, ...]) -> None:
    substitutions = [change for change in changes if change.effect is not Effect.NONE]
    if not substitutions:
        return
    count = f"{len(substitutions)} substitution{'s' if len(substitutions) > 1 else ''}"
    raise PolicyError(
        f"{count} would be needed, and none is allowed",
        code="policy/strict",
        origin=substitutions[0].origin,
        detail="\n".join(_line(change) for change in substitutions),
        hint="leave out --strict, or mend the model's files (`envbuilder rewrite` shows how)",
    )


def _line(change: Change) -> str:
    place = f"{change.origin}: " if change.origin else ""
    return f"  {place}{change.message} ({change.code})"
