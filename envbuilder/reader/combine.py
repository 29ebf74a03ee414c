"""The one rule that joins what a model's files say.

- Python: python_env.yaml decides, then the conda file, then the interpreter that logged the model. All
  wishes are kept, in this order.
- pip, setuptools, wheel: python_env.yaml's ``build_dependencies``, else the conda file's.
- Requirements: the lines of python_env.yaml (usually ``-r requirements.txt``), then requirements.txt, then
  the conda file's ``pip:`` list. The first of them that names a package decides on it. What only a later
  one names stays, marked as not primary.
- Conda dependencies: all stay; what is on an index under the same name is decided as above.
- Constraints and options of all files are kept.

Every disagreement is an ``input/files-disagree`` finding at the spot that was overruled. MLflow writes
contradictory files without a warning, so none refuses the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from packaging.utils import canonicalize_name

from envbuilder.findings import Level, Origin
from envbuilder.reader.condafile import CondaFile
from envbuilder.reader.condaversion import pypi_specifier
from envbuilder.reader.folding import agree, canonical_specifier, fold, same_marker
from envbuilder.reader.gather import Gathering
from envbuilder.reader.mlmodel import Logged
from envbuilder.reader.pythonenv import PythonEnv
from envbuilder.reader.requirements import Wanted
from envbuilder.spec import (
    CondaRequirement,
    DirectReference,
    Option,
    PypiName,
    PypiRequirement,
    PythonRequest,
)  # fmt: skip

_CODE = "input/files-disagree"
_SHOWN = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What was read of each file; None where there is none."""

    logged: Logged | None = None
    python_env: PythonEnv | None = None
    requirements: Wanted | None = None
    requirements_path: str = "requirements.txt"
    conda: CondaFile | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Combined:
    """The joined wishes."""

    python: tuple[PythonRequest, ...]
    seeds: tuple[PypiRequirement, ...]
    pypi: tuple[PypiRequirement, ...]
    constraints: tuple[PypiRequirement, ...]
    conda: tuple[CondaRequirement, ...]
    direct: tuple[DirectReference, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """The requirement lines of one file, folded."""

    file: str
    requirements: tuple[PypiRequirement, ...]
    direct: tuple[DirectReference, ...]

    @property
    def names(self) -> frozenset[PypiName]:
        named = {reference.name for reference in self.direct if reference.name}
        return frozenset({item.name for item in self.requirements} | named)

    @property
    def empty(self) -> bool:
        return not self.requirements and not self.direct


def combine(files: Files, gathering: Gathering) -> Combined:
    """Join the files by the rule above; disagreements are reported."""
    lists = _lists(files)
    views = [
        _View(file=name, requirements=fold(wanted.requirements, gathering), direct=wanted.direct)
        for name, wanted in lists
    ]
    joined = _Joined(gathering)
    for view in views:
        joined.add(view)
    conda = files.conda.conda if files.conda else ()
    _compare_conda(conda, joined.by_name, gathering)
    _report_lacking(files, views, gathering)
    seeds, seed_direct = _seeds(files, gathering)
    _compare_mlflow(files.logged, joined.by_name.get(PypiName("mlflow"), []), gathering)
    return Combined(
        python=_python(files, gathering),
        seeds=seeds,
        pypi=tuple(item for group in joined.by_name.values() for item in group),
        constraints=fold(_constraints(lists), gathering),
        conda=conda,
        direct=(*joined.direct, *(files.conda.direct if files.conda else ()), *seed_direct),
        options=_options(files, lists),
    )


def _lists(files: Files) -> list[tuple[str, Wanted]]:
    lists: list[tuple[str, Wanted]] = []
    if files.python_env:
        lists.append((files.python_env.path, files.python_env.wanted))
    if files.requirements:
        lists.append((files.requirements_path, files.requirements))
    if files.conda:
        lists.append((files.conda.path, files.conda.pip))
    return lists


def _constraints(lists: list[tuple[str, Wanted]]) -> tuple[PypiRequirement, ...]:
    return tuple(dict.fromkeys(item for _, wanted in lists for item in wanted.constraints))


def _options(files: Files, lists: list[tuple[str, Wanted]]) -> tuple[Option, ...]:
    found = [option for _, wanted in lists for option in wanted.options]
    if files.python_env:
        found += files.python_env.build.options
    return tuple(dict.fromkeys(found))


class _Joined:
    """Requirements by name, the deciding view's first."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self.by_name: dict[PypiName, list[PypiRequirement]] = {}
        self.direct: list[DirectReference] = []

    def add(self, view: _View) -> None:
        """Take what no earlier view names; report where this one differs."""
        first = not self.by_name and not self.direct
        located = {reference.name for reference in self.direct if reference.name}
        decided = {name: {_wish(item) for item in group} for name, group in self.by_name.items()}
        fresh: list[PypiRequirement] = []
        for item in view.requirements:
            if item.name in decided:
                self._compare(decided[item.name], item)
            elif item.name in located:
                self._overruled(item, f"{item.name} is a direct reference in the file that decides")
            else:
                fresh.append(item)
        for item in fresh:
            self.by_name.setdefault(item.name, []).append(item if first else replace(item, primary=False))
        self._add_direct(view, {*decided, *located})
        if fresh and not first:
            self._report_extra(view.file, fresh)

    def _add_direct(self, view: _View, decided: set[PypiName]) -> None:
        known = {reference.url for reference in self.direct}
        for reference in view.direct:
            if reference.url in known:
                continue
            if reference.name in decided:
                message = (
                    f"{reference.name} is a direct reference here; the file that decides has it otherwise"
                )
                self._gathering.warn(_CODE, message, reference.origin, subject=str(reference.name))
            else:
                self.direct.append(reference)

    def _compare(self, decided: set[_Wish], item: PypiRequirement) -> None:
        if _wish(item) not in decided:
            others = self.by_name[item.name]
            shown = ", ".join(dict.fromkeys(other.text for other in others[:_SHOWN]))
            self._overruled(item, f"{others[0].origin} decides: {shown}")

    def _overruled(self, item: PypiRequirement, why: str) -> None:
        self._gathering.warn(_CODE, f"{item.text} is overruled: {why}", item.origin, subject=item.name)

    def _report_extra(self, file: str, fresh: list[PypiRequirement]) -> None:
        names = _listed(item.name for item in fresh)
        message = f"{file} alone names {names}; they are kept"
        self._gathering.warn(_CODE, message, fresh[0].origin, subject=f"only {file}")


_Wish: TypeAlias = tuple[frozenset[str], tuple[str, ...], str]


def _wish(item: PypiRequirement) -> _Wish:
    """What is asked for, in one spelling."""
    return canonical_specifier(item.specifier), item.extras, same_marker(item.marker)


def _listed(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _compare_conda(
    conda: tuple[CondaRequirement, ...],
    decided: dict[PypiName, list[PypiRequirement]],
    gathering: Gathering,
) -> None:
    for spec in conda:
        others = decided.get(PypiName(canonicalize_name(spec.name)), [])[:_SHOWN]
        specifier = pypi_specifier(spec.version)
        if not others or specifier is None or any(agree(specifier, o.specifier) for o in others):
            continue
        message = (
            f"{spec.name} {spec.version} contradicts {others[0].text} ({others[0].origin}), which decides"
        )
        gathering.warn(_CODE, message, spec.origin, subject=spec.name)


def _report_lacking(files: Files, views: list[_View], gathering: Gathering) -> None:
    """Report what the deciding file names and the conda file does not: conda would not install it."""
    deciding = next((view for view in views if not view.empty), None)
    if files.conda is None or deciding is None or deciding.file == files.conda.path:
        return
    conda = {canonicalize_name(spec.name) for spec in files.conda.conda}
    conda |= {canonicalize_name(seed.name) for seed in files.conda.seeds}
    lacking = sorted(deciding.names - views[-1].names - conda)
    if lacking:
        asking = next((i.origin.file for i in deciding.requirements if i.name in lacking), deciding.file)
        message = f"{files.conda.path} lacks {_listed(lacking)}, which {asking} asks for"
        gathering.warn(_CODE, message, Origin(file=files.conda.path), subject=f"lacking {files.conda.path}")


def _seeds(
    files: Files, gathering: Gathering
) -> tuple[tuple[PypiRequirement, ...], tuple[DirectReference, ...]]:
    build = files.python_env.build if files.python_env else Wanted()
    if build.requirements:
        return fold(build.requirements, gathering), build.direct
    return fold(files.conda.seeds if files.conda else (), gathering), build.direct


def _python(files: Files, gathering: Gathering) -> tuple[PythonRequest, ...]:
    wishes = (
        files.python_env.python if files.python_env else None,
        files.conda.python if files.conda else None,
        files.logged.python if files.logged else None,
    )
    found = tuple(wish for wish in wishes if wish)
    for wish in found[1:]:
        _compare_python(found[0], wish, gathering)
    return found


def _compare_python(decided: PythonRequest, wish: PythonRequest, gathering: Gathering) -> None:
    short = min(len(decided.version or ()), len(wish.version or ()))
    if wish.text == decided.text or (
        short and (wish.version or ())[:short] == (decided.version or ())[:short]
    ):
        return
    minor = decided.minor is not None and decided.minor == wish.minor
    message = f"Python {wish.text} is overruled by {decided.text} ({decided.origin})"
    level = Level.NOTE if minor else Level.WARNING
    hint = "" if minor else "check which one the model was trained with; --python chooses another"
    gathering.add(level, _CODE, message, wish.origin, hint=hint, subject="python")


def _compare_mlflow(logged: Logged | None, mlflow: list[PypiRequirement], gathering: Gathering) -> None:
    version = logged.mlflow_version if logged else None
    if version is None or logged is None:
        return
    for item in mlflow:
        if item.pinned and not agree(item.specifier, f"=={version}"):
            message = (
                f"the model was logged by mlflow {version}, and {item.text} ({item.origin}) is asked for"
            )
            gathering.warn(_CODE, message, logged.version_origin, subject="mlflow")
