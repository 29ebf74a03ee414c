"""Releases that broke others whose metadata does not say so.

Dating keeps most of them out. They come back where a model was logged, or its files were edited, long after
its packages were released: the newest numpy of that day beside a scikit-learn that was built for another.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import Version

from envbuilder.findings import Change, Effect
from envbuilder.lock import Kind
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.lock import Artifact
    from envbuilder.resolver.attempt import Attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """From release ``first`` on, ``name`` does not work with what ``users`` were before."""

    name: PypiName
    first: Version
    users: frozenset[PypiName]
    built_before: datetime.datetime | None = None
    """Only wheels of the users that were uploaded earlier are broken; None: all."""
    users_below: Version | None = None
    """Only releases of the users below this one are broken; None: all."""
    reason: str


def _names(text: str) -> frozenset[PypiName]:
    return frozenset(map(PypiName, text.split()))


BREAKS = (
    Break(
        name=PypiName("numpy"),
        first=Version("2"),
        users=_names(
            "blis bottleneck catboost cftime contourpy cvxopt ecos fastparquet gensim h5py hdbscan implicit lightfm"
            " matplotlib netcdf4 numba numexpr onnx onnxruntime opencv-python opencv-python-headless osqp pandas"
            " pmdarima pyarrow pycocotools pystan pywavelets scikit-image scikit-learn scikit-learn-extra"
            " scikit-surprise scipy scs shap spacy statsmodels tables tensorflow tensorflow-cpu thinc torch"
        ),
        built_before=datetime.datetime(2024, 4, 1, tzinfo=datetime.timezone.utc),
        reason="numpy 2 changed the binary interface, and what was built before its first candidate fails to load",
    ),
    Break(
        name=PypiName("setuptools"),
        first=Version("82"),
        users=_names("mlflow mlflow-skinny mlflow-tracing databricks-cli prometheus-flask-exporter"),
        users_below=Version("3"),
        reason="setuptools 82 removed pkg_resources, which mlflow before 3 imports without declaring it",
    ),
)
"""numpy: NumPy 2.0 migration guide, ABI section. setuptools: its change log, 82.0.0 (2026-02-08)."""


def broken_by(attempt: Attempt, artifacts: Sequence[Artifact]) -> tuple[tuple[Break, Artifact], ...]:
    """Return the breaks that an answer holds, each with the first package that suffers.

    What the model itself names is its own business: it is kept.
    """
    chosen = {artifact.name: artifact for artifact in artifacts}
    found = []
    for known in BREAKS:
        culprit = chosen.get(known.name)
        if culprit is None or Version(culprit.version) < known.first or _named(attempt, known.name):
            continue
        victims = [a for a in artifacts if a.name in known.users and _suffers(a, known)]
        if victims:
            found.append((known, victims[0]))
    return tuple(found)


def without_breaks(attempt: Attempt, breaks: Sequence[tuple[Break, Artifact]]) -> Attempt:
    """Return the attempt that holds the culprits below their breaking release, each told as a change."""
    bounds = tuple(f"{known.name}<{known.first}" for known, _ in breaks)
    return replace(attempt, bounds=(*attempt.bounds, *bounds)).changed(*map(_held, breaks))


def _named(attempt: Attempt, name: PypiName) -> bool:
    return any(requirement.specifier for requirement in attempt.demand.named((name,)))


def _suffers(artifact: Artifact, known: Break) -> bool:
    if known.users_below and Version(artifact.version) >= known.users_below:
        return False
    if known.built_before is None:
        return True
    uploaded = artifact.uploaded
    compiled = artifact.kind is Kind.WHEEL and not artifact.filename.endswith("-none-any.whl")
    return compiled and uploaded is not None and uploaded < known.built_before


def _held(pair: tuple[Break, Artifact]) -> Change:
    known, victim = pair
    return Change(
        code="resolve/known-break",
        message=f"{known.name} is held below {known.first} for {victim.name} {victim.version}: {known.reason}",
        effect=Effect.NONE,
        after=f"{known.name}<{known.first}",
    )
