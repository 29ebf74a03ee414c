"""The installer for hosts without uv: virtualenv, and the lock's own pip, which runs on the lock's Python.

pip writes the environment's path into scripts, so the environment is made where it stays. pip never sees an
index while it unpacks or builds with the lock's own tools: every file was fetched and checked before.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.archives.unpacking import unpack_archive
from envbuilder.builder.failures import Cause, failed
from envbuilder.builder.fetching import Fetcher
from envbuilder.builder.sources import build_each
from envbuilder.errors import BuildError, EnvbuilderError
from envbuilder.process import Finished, neutral_directory, run
from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.builder.installer import Job
    from envbuilder.lock import Artifact
    from envbuilder.relay.passage import Passage

SECONDS: Final = 3600.0

VIRTUALENV: Final = (
    "-I", "-m", "virtualenv", "--no-seed", "--no-periodic-update", "--no-vcs-ignore", "--prompt", "envbuilder",
)  # fmt: skip

LEFT_BY_VIRTUALENV: Final = ("_virtualenv.py", "_virtualenv.pth")
"""Guards against distutils settings that nobody has here; written in a syntax that Python 3.7 lacks."""

RUNNER: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
"""Starts a pip that is not installed. ``python -m pip`` would take one from the current directory."""

PIP_FLAGS: Final = (
    "--isolated", "--disable-pip-version-check", "--no-color", "--no-input", "install", "--no-deps",
    "--require-hashes", "--no-compile", "--no-cache-dir", "--no-warn-script-location", "--ignore-installed",
)  # fmt: skip
"""What counts as installed would include the pip that runs, which is not in the environment yet."""


QUIET: Final = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}


class PipInstaller:
    """Installs with the pip of the lock, for every Python that virtualenv and that pip know."""

    in_place = True

    def install(self, job: Job) -> None:
        """Install the whole lock. Raises BuildError, StoreError, ToolError."""
        self._make_venv(job)
        job.progress.phase("download", f"{len(job.lock.artifacts)} packages")
        paths = Fetcher(job).fetch(job.lock.artifacts)
        folder = _shelf(job, paths)
        pip = _unpacked_pip(job, folder)
        job.progress.phase("install", f"{len(job.wheels)} packages")
        if job.wheels:
            done = self._pip(job, pip, job.wheels, ["--only-binary", ":all:", *_local(folder)])
            if not done.ok:
                raise failed(done, "installing the wheels")
        if job.sources:
            job.progress.phase("build", ", ".join(f"{a.name} {a.version}" for a in job.sources))
            self._build_sources(job, pip, folder)

    def _make_venv(self, job: Job) -> None:
        base, tree = str(job.interpreter.path), str(job.tree)
        for argv in (
            [sys.executable, *VIRTUALENV, "--python", base, tree],
            # What some releases of virtualenv ask an interpreter is no syntax of Python 3.6 and 3.7.
            [base, "-I", "-m", "venv", "--clear", "--without-pip", tree],
        ):
            with neutral_directory(job.scratch) as directory:
                done = run(argv, directory=directory, variables=job.building_variables(), seconds=SECONDS)
            job.log.add(done)
            if done.ok:
                break
        else:
            raise failed(done, "making the virtual environment")
        for packages in job.tree.glob("lib/python*/site-packages"):
            for name in LEFT_BY_VIRTUALENV:
                (packages / name).unlink(missing_ok=True)

    def _build_sources(self, job: Job, pip: Path, folder: Path) -> None:
        """Build with the lock's setuptools and wheel, all at once; where that fails, each for itself."""
        options = ["--no-build-isolation", *_local(folder)]
        if not self._pip(job, pip, job.sources, options).ok:
            build_each(job.sources, lambda artifact: self._build_one(job, pip, artifact, folder))

    def _build_one(self, job: Job, pip: Path, artifact: Artifact, folder: Path) -> EnvbuilderError | None:
        """Build with the lock's setuptools and wheel, as pip did in those days; then in isolation."""
        own = self._pip(job, pip, [artifact], ["--no-build-isolation", *_local(folder)])
        if own.ok:
            return None
        isolated = self._pip(job, pip, [artifact], ["--find-links", str(folder)], isolated=True)
        return None if isolated.ok else _unbuilt(artifact, own)

    def _pip(
        self,
        job: Job,
        pip: Path,
        artifacts: Sequence[Artifact],
        options: Sequence[str],
        *,
        isolated: bool = False,
    ) -> Finished:
        with neutral_directory(job.scratch) as directory:
            requirements = directory / "requirements.txt"
            lines = [f"{a.name}=={a.version} --hash=sha256:{a.sha256}" for a in artifacts]
            requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
            argv = [
                str(job.python),
                "-I",
                "-c",
                RUNNER,
                str(pip),
                *PIP_FLAGS,
                *options,
                "-r",
                str(requirements),
            ]
            if isolated:
                argv.remove("--isolated")
                with job.passage() as way:
                    variables = {**way.variables, **QUIET, **_isolation(job, way, directory)}
                    done = way.told(run(argv, directory=directory, variables=variables, seconds=SECONDS))
            else:
                variables = job.building_variables() | QUIET | {"PIP_NO_INDEX": "1"}
                done = run(argv, directory=directory, variables=variables, seconds=SECONDS)
        job.log.add(done)
        return done


def _local(folder: Path) -> list[str]:
    return ["--no-index", "--find-links", str(folder)]


def _isolation(job: Job, way: Passage, directory: Path) -> dict[str, str]:
    """Let a build fetch its requirements: our indexes, setuptools and wheel of the lock."""
    constraints = directory / "constraints.txt"
    pins = [f"{a.name}=={a.version}" for a in job.lock.artifacts if a.name in SEED_NAMES and a.name != "pip"]
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    variables = {"PIP_CONSTRAINT": str(constraints), "PIP_BUILD_CONSTRAINT": str(constraints)}
    if way.indexes:
        first, *others = way.indexes
        variables |= {"PIP_INDEX_URL": first, "PIP_EXTRA_INDEX_URL": " ".join(others)}
        variables["PIP_TRUSTED_HOST"] = " ".join(way.hosts)
    return variables


def _shelf(job: Job, paths: Sequence[Path]) -> Path:
    """Return one folder with links to all files, for pip to look into."""
    folder = job.scratch / "files"
    folder.mkdir(exist_ok=True)
    for path in paths:
        link = folder / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    return folder


def _unpacked_pip(job: Job, folder: Path) -> Path:
    """Unpack the lock's pip. Raises ArchiveRefused, StoreError."""
    wheel = next((a for a in job.wheels if a.name == "pip"), None)
    if wheel is None:
        raise BuildError("the lock has no wheel of pip to install with", hint="lock again with --engine pip")
    target = job.scratch / "pip"
    shutil.rmtree(target, ignore_errors=True)
    unpack_archive(folder / Path(wheel.filename).name, target)
    return target


def _unbuilt(artifact: Artifact, done: Finished) -> EnvbuilderError:
    error = failed(done, f"building {artifact.filename}")
    if error.code == Cause.TOOL.value:
        error.code = Cause.SOURCE.value
    return error
