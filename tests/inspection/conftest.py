"""Models whose lock a store knows, and folders that look like site folders: nothing is downloaded."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from envbuilder.digests import digest
from envbuilder.inspection.places import Python
from envbuilder.lock import Artifact, Kind, Lock, Target
from envbuilder.policy import DEFAULT
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.settings import Settings
from envbuilder.spec import PypiName
from envbuilder.store.store import Store
from envbuilder.use.keys import resolution_key

MLMODEL = """\
flavors:
  python_function:
    env: {virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.8.8
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 0.24.1
utc_time_created: '2021-03-15 10:41:07.123456'
"""
FILES = {
    "MLmodel": MLMODEL,
    "python_env.yaml": "python: 3.8.8\nbuild_dependencies:\n- pip==20.2.4\ndependencies:\n- -r requirements.txt\n",
    "requirements.txt": "mlflow==1.14.1\nscikit-learn==0.24.1\ncloudpickle==1.6.0\n",
}
PACKAGES = {
    "cloudpickle": "1.6.0",
    "mlflow": "1.14.1",
    "numpy": "1.20.1",
    "pip": "20.2.4",
    "scikit-learn": "0.24.1",
    "six": "1.15.0",
}
PYTHON = "3.8.18"
"""The lock's: the host that it was made on has no 3.8.8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A model whose lock the store knows."""

    model: Path
    settings: Settings

    @property
    def store(self) -> Store:
        return Store.open(self.settings.home)

    def answer(self, packages: Mapping[str, str], *, python: str = PYTHON) -> None:
        """Let the store have this lock for the model, as ``lock`` leaves it there."""
        rewritten = rewrite(read_model(self.model))
        lock = Lock(
            target=Target(python=python, platform="linux-x86_64", floor="glibc-2.17"),
            artifacts=tuple(artifact(name, version) for name, version in sorted(packages.items())),
            spec_id=rewritten.spec_id,
            engine="uv",
            as_of=rewritten.spec.provenance.created,
        )
        key = resolution_key(rewritten, Request(), self.settings, DEFAULT)
        self.store.records.save_resolution(key, rewritten, lock)


def artifact(name: str, version: str) -> Artifact:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return Artifact(
        name=PypiName(name),
        version=version,
        kind=Kind.WHEEL,
        filename=filename,
        url=SafeUrl(f"https://example.org/{filename}"),
        sha256=digest([name, version]),
    )


Make = Callable[..., Known]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a model of these files, with a lock of these packages unless it is None."""

    def call(
        packages: Mapping[str, str] | None = PACKAGES,
        files: Mapping[str, str] = FILES,
        *,
        python: str = PYTHON,
    ) -> Known:
        model = tmp_path / "model"
        model.mkdir()
        for name, text in files.items():
            (model / name).write_text(text)
        settings = Settings(home=tmp_path / "store", user_home=tmp_path, offline=True, python_downloads=False)
        known = Known(model=model, settings=settings)
        if packages is not None:
            known.answer(packages, python=python)
        return known

    return call


def fill(site: Path, packages: Mapping[str, str]) -> Path:
    """Put the metadata of packages into a site folder, as an installer does."""
    for name, version in packages.items():
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9\n"
        )
    return site


def python_with(folder: Path, packages: Mapping[str, str] = PACKAGES, *, version: str = PYTHON) -> Python:
    """A Python that has these packages."""
    site = fill(folder / "site", packages)
    return Python(executable="/python", version=version, implementation="cpython", folders=(str(site),))


def venv(python: str | Path, folder: Path, *options: str) -> Path:
    """Make a virtual environment without packages and return its prefix."""
    argv = [str(python), "-m", "venv", "--without-pip", *options, str(folder)]
    subprocess.run(argv, check=True, capture_output=True)
    return folder
