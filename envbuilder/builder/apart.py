"""Building what a model brings as source: apart from the store, from all other packages and from all secrets.

Code of the model runs here. It gets a copy of its own tree in a directory that is gone afterwards, an empty
cache of its own, the index behind a relay. What is kept of it is one wheel, by the sha256 of its source.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.archives.inspection import inspect_archive
from envbuilder.builder.failures import Cause, failed
from envbuilder.builder.installer import BuildLog, building_variables, index_variables
from envbuilder.builder.sources import FIRST, Attempt, cures
from envbuilder.digests import digest
from envbuilder.errors import BuildError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.process import neutral_directory, run
from envbuilder.progress import SILENT
from envbuilder.redact import excerpt
from envbuilder.references.packing import EPOCH, FILENAME, unpack
from envbuilder.references.shelf import CHUNK
from envbuilder.relay.passage import passage
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.pip_environment import SEEDED

if TYPE_CHECKING:
    import datetime
    from contextlib import AbstractContextManager

    from envbuilder.environment import Interpreter
    from envbuilder.errors import EnvbuilderError
    from envbuilder.process import Finished
    from envbuilder.progress import Progress
    from envbuilder.redact import SafeUrl
    from envbuilder.references.shelf import Shelf, Sink
    from envbuilder.relay.passage import Passage
    from envbuilder.settings import Settings

SECONDS: Final = 3600.0

UV_FLAGS: Final = (
    "build", "--wheel", "--no-config", "--no-progress", "--color", "never", "--no-sources",
    "--no-create-gitignore", "--index-strategy", "first-index", "--keyring-provider", "disabled",
)  # fmt: skip
"""No sources: ``[tool.uv.sources]`` of the tree would say where its build requirements come from."""

PIP_FLAGS: Final = (
    "--disable-pip-version-check", "--no-color", "--no-input", "wheel", "--no-deps", "--no-cache-dir",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """Makes wheels of sources on the shelf. ``engine`` is ``uv`` or ``pip``; ``indexes`` as for a Job."""

    settings: Settings
    shelf: Shelf
    engine: str
    indexes: tuple[SafeUrl, ...] = ()
    progress: Progress = SILENT
    log: BuildLog = field(default_factory=BuildLog)

    def passage(self) -> AbstractContextManager[Passage]:
        """Return the way to the indexes for tools that run code of the model."""
        variables = dict(self.settings.tool_variables)
        return passage(indexes=self.indexes, variables=variables, offline=self.settings.offline)

    def wheel(
        self, source: Path, subdirectory: str, interpreter: Interpreter, day: datetime.datetime | None
    ) -> Path:
        """Return the wheel of a source on the shelf for an interpreter, built unless it is there.

        Build requirements are those of ``day``. Raises BuildError, ToolError, StoreError.
        """
        key = _key(source, subdirectory, interpreter)
        known = sorted(self.shelf.path(key, "x").parent.glob("*.whl"))
        if known:
            return known[0]
        self.shelf.verify(source)
        with neutral_directory() as directory:
            tree = _tree(source, directory) / subdirectory
            if not tree.exists():
                raise BuildError(
                    f"the source has no folder {excerpt(subdirectory)}", code="build/source-failed"
                )
            self.progress.phase("build", excerpt(source.name))
            built = _Build(self, tree, directory, interpreter, day).wheel()
            inspect_archive(built)
            return self.shelf.keep_under(key, built.name, lambda sink: _copy(built, sink))


@dataclass(frozen=True, slots=True)
class _Build:
    """One source to build, in a neutral directory."""

    workshop: Workshop
    tree: Path
    directory: Path
    interpreter: Interpreter
    day: datetime.datetime | None

    def wheel(self) -> Path:
        """Return the wheel; where the build fails, with the cures that its words call for. Raises BuildError."""
        first = self._attempt(FIRST)
        if isinstance(first, Path):
            return first
        for attempt in cures(first.stderr):
            if attempt.isolated and isinstance(made := self._attempt(attempt), Path):
                return made
        raise _unbuilt(first)

    def _attempt(self, attempt: Attempt) -> Path | Finished:
        log = self.workshop.log
        log.note(f"building {self.tree.name} of the model apart, {attempt.title}")
        with neutral_directory(self.directory) as scratch:
            make = self._uv if self.workshop.engine == "uv" else self._pip
            out = self.directory / f"wheel-{scratch.name}"
            out.mkdir()
            with self.workshop.passage() as way:
                done = way.told(make(attempt, scratch, out, way))
        log.add(done)
        # Tools that cannot read a pyproject.toml know no name.
        made = sorted(path for path in out.glob("*.whl") if not path.name.lower().startswith("unknown-"))
        return made[0] if done.ok and len(made) == 1 else done

    def _uv(self, attempt: Attempt, scratch: Path, out: Path, way: Passage) -> Finished:
        arguments = [str(uv_binary(self.workshop.settings)), *UV_FLAGS, "--cache-dir", str(scratch / "cache")]
        arguments += ["--python", str(self.interpreter.path), "--out-dir", str(out)]
        arguments += ["--exclude-newer", rfc3339(self.day)] if self.day and attempt.dated else []
        arguments += ["--offline"] if self.workshop.settings.offline else []
        if attempt.constraints:
            arguments += ["--build-constraints", str(_constraints(attempt, scratch))]
        variables = {**way.variables, **index_variables(way.indexes), "UV_PYTHON_DOWNLOADS": "never"}
        return self._run([*arguments, "--", str(self.tree)], scratch, variables)

    def _pip(self, attempt: Attempt, scratch: Path, out: Path, way: Passage) -> Finished:
        venv = scratch / "venv"
        made = self._run([*_venv_command(self.interpreter), str(venv)], scratch, {})
        if not made.ok:
            return made
        variables = {**way.variables, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}
        if self.day and attempt.dated:
            variables["PIP_UPLOADED_PRIOR_TO"] = rfc3339(self.day)
        if attempt.constraints:
            file = str(_constraints(attempt, scratch))
            variables |= {"PIP_CONSTRAINT": file, "PIP_BUILD_CONSTRAINT": file}
        variables |= _pip_index(way, offline=self.workshop.settings.offline)
        pip = [str(venv / "bin" / "python"), "-I", "-m", "pip", *PIP_FLAGS]
        return self._run([*pip, "--wheel-dir", str(out), "--", str(self.tree)], scratch, variables)

    def _run(self, argv: list[str], scratch: Path, variables: dict[str, str]) -> Finished:
        return run(
            argv,
            directory=scratch,
            variables={
                **building_variables(self.workshop.settings),
                **variables,
                "SOURCE_DATE_EPOCH": str(EPOCH),
            },
            seconds=SECONDS,
        )


def _key(source: Path, subdirectory: str, interpreter: Interpreter) -> str:
    """The address of a built wheel: the source's sha256 and what it is built for."""
    return digest(
        {
            "schema": 1,
            "source": source.parent.name,
            "subdirectory": subdirectory,
            "soabi": interpreter.soabi,
            "binary": interpreter.binary_digest,
            "platform": interpreter.platform,
            "floor": interpreter.floor,
        }
    )


def _tree(source: Path, directory: Path) -> Path:
    """Return what is to be built, as a copy: an archive of ours unpacked, a foreign one as it is."""
    if source.name == FILENAME:
        return unpack(source, directory)
    return Path(shutil.copyfile(source, directory / source.name))


def _copy(wheel: Path, sink: Sink) -> None:
    """Copy what a build left: a link there would lead out of its directory."""
    descriptor = os.open(wheel, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BuildError("the build left no regular file as its wheel", code="build/source-failed")
        while chunk := stream.read(CHUNK):
            sink.write(chunk)


def _constraints(attempt: Attempt, folder: Path) -> Path:
    path = folder / "constraints.txt"
    path.write_text("\n".join(attempt.constraints) + "\n", encoding="utf-8")
    return path


def _venv_command(interpreter: Interpreter) -> list[str]:
    if interpreter.release[:2] < SEEDED:
        return [str(interpreter.path), "-I", "-m", "venv"]
    module = ["virtualenv", "--no-periodic-update", "--python", str(interpreter.path)]
    return [sys.executable, "-I", "-m", *module]


def _pip_index(way: Passage, *, offline: bool) -> dict[str, str]:
    """The index that nested runs of pip ask as well."""
    if offline:
        return {"PIP_NO_INDEX": "1"}
    if not way.indexes:
        return {}
    first, *others = way.indexes
    found = {"PIP_INDEX_URL": first, "PIP_EXTRA_INDEX_URL": " ".join(others)}
    return found | {"PIP_TRUSTED_HOST": " ".join(way.hosts)}


def _unbuilt(done: Finished) -> EnvbuilderError:
    error = failed(done, "building what the model brings as source")
    if error.code == Cause.TOOL.value:
        error.code = Cause.SOURCE.value
    return error
