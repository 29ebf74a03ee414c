"""The parse stage: a model's files to one EnvSpec."""

from __future__ import annotations

import os
from pathlib import Path

from envbuilder.errors import EnvbuilderError, InputRefused
from envbuilder.reader import mlmodel
from envbuilder.reader.combine import Files, combine
from envbuilder.reader.condafile import CondaFile, read_conda_file
from envbuilder.reader.directory import Directory
from envbuilder.reader.mlmodel import Logged, Named, read_mlmodel
from envbuilder.reader.pythonenv import PythonEnv, read_python_env
from envbuilder.reader.reading import Reading
from envbuilder.reader.requirements import Wanted, read_file
from envbuilder.reader.toolfiles import report_tool_files
from envbuilder.redact import excerpt
from envbuilder.spec import EnvSpec, Provenance

CONDA_FILES = ("conda.yaml", "conda.yml", "environment.yml", "environment.yaml", "mlflow_env.yml")
PYTHON_ENV = "python_env.yaml"
REQUIREMENTS = "requirements.txt"


def read_model(path: Path, *, name: str | None = None) -> EnvSpec:
    """Read a model directory, or one environment file, into what it asks for.

    ``name`` is what reports call the model, its path unless given. Raises InputRefused with every finding
    where something refuses the model, EnvbuilderError if there is no model.
    """
    spec = examine_model(path, name=name)
    if any(finding.refuses for finding in spec.findings):
        raise InputRefused(spec.findings, model=spec.provenance.model)
    return spec


def examine_model(path: Path, *, name: str | None = None) -> EnvSpec:
    """Read what can be read of a model, refused or not: its findings tell, and a report has to tell all.

    Nothing but a report may be made of a spec that is refused. Raises EnvbuilderError if there is no model.
    """
    single = None if os.path.isdir(path) else path.name  # noqa: PTH112 - says False where Path raises
    with Directory(path.parent if single else path) as directory:
        reading = Reading(directory)
        if single:
            _require(directory.has(single), path, "is not there")
        files = _Finder(reading).all() if single in {None, mlmodel.PATH} else _one(single or "", reading)
        if single is None:
            report_tool_files(reading)
        model = name or str(path)
        spec = _spec(files, reading, model)
    there = files != Files() or reading.gathering.refused
    _require(there, path, "holds no MLmodel and no environment file")
    return spec


def _require(condition: bool, path: Path, what: str) -> None:
    if not condition:
        raise EnvbuilderError(
            f"{excerpt(str(path), 200)} {what}",
            code="input/missing-file",
            hint=f"give a folder with an MLmodel file, {REQUIREMENTS}, conda.yaml or {PYTHON_ENV}",
        )


def _spec(files: Files, reading: Reading, model: str) -> EnvSpec:
    joined = combine(files, reading.gathering)
    logged = files.logged or Logged()
    return EnvSpec(
        python=joined.python,
        seeds=joined.seeds,
        pypi=joined.pypi,
        constraints=joined.constraints,
        conda=joined.conda,
        direct=joined.direct,
        options=joined.options,
        channels=files.conda.channels if files.conda else (),
        flavors=logged.flavors,
        provenance=Provenance(
            model=model,
            mlflow_version=logged.mlflow_version,
            created=logged.created,
            run_id=logged.run_id,
            model_uuid=logged.model_uuid,
            files=reading.directory.files,
            absent=reading.absent,
        ),
        findings=reading.gathering.findings,
        conda_file=files.conda.path if files.conda else None,
    )


def _one(name: str, reading: Reading) -> Files:
    """Read a single environment file, told by its name."""
    with reading.gathering.refusals():
        if name == PYTHON_ENV:
            return Files(python_env=read_python_env(name, reading))
        if name.lower().endswith((".yaml", ".yml")):
            return Files(conda=read_conda_file(name, reading))
        return Files(requirements=read_file(name, reading), requirements_path=name)
    return Files()


class _Finder:
    """Finds the environment files of a model and reads each."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def all(self) -> Files:
        logged = self._logged()
        named = logged or Logged()
        python_env = self._python_env(named.python_env)
        path = self._requirements_path(named.requirements)
        return Files(
            logged=logged,
            python_env=python_env,
            requirements=self._requirements(path),
            requirements_path=path,
            conda=self._conda(named.conda_file),
        )

    def _logged(self) -> Logged | None:
        if self._reading.present(mlmodel.PATH):
            with self._reading.gathering.refusals():
                return read_mlmodel(self._reading)
        return None

    def _python_env(self, named: Named | None) -> PythonEnv | None:
        path = self._choose(named, (PYTHON_ENV,))
        if path:
            with self._reading.gathering.refusals():
                return read_python_env(path, self._reading)
        return None

    def _requirements_path(self, named: Named | None) -> str:
        return self._choose(None, (REQUIREMENTS,)) or self._choose(named, ()) or REQUIREMENTS

    def _requirements(self, path: str) -> Wanted | None:
        if self._reading.present(path):
            with self._reading.gathering.refusals():
                return read_file(path, self._reading)
        return None

    def _conda(self, named: Named | None) -> CondaFile | None:
        path = self._choose(named, CONDA_FILES)
        if path:
            with self._reading.gathering.refusals():
                return read_conda_file(path, self._reading)
        return None

    def _choose(self, named: Named | None, usual: tuple[str, ...]) -> str | None:
        """The file that MLmodel names, else the first of the usual ones that is there."""
        if named and self._reading.present(named.path):
            return named.path
        found = next((path for path in usual if self._reading.present(path)), None)
        if named:
            instead = f"; {found} is read instead" if found else ""
            message = f"{excerpt(named.path)} is not there{instead}"
            self._reading.gathering.warn(
                "input/missing-file", message, named.origin, subject=excerpt(named.path)
            )
        return found
