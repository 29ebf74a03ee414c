"""What ``mlflow models prepare-env --env-manager uv`` does with a model, done by hand, and the proof.

MLflow 3.17 and 3.18 (``_get_python_env`` and ``_create_virtualenv`` of its ``utils/virtualenv.py``):

1. The file that the MLmodel names as ``env.virtualenv``, else ``python_env.yaml``, says the Python, the
   build dependencies and the dependencies. Without that file one regular expression reads python, pip,
   setuptools and wheel from the conda file (every other conda dependency is logged and dropped), and the
   dependencies are ``-r requirements.txt`` if that exists, else the conda file's ``pip:`` list.
2. ``uv venv --python=VERSION``; then ``uv pip install -r FILE`` for the build dependencies, and again for
   the dependencies, in a folder where the model's files are at hand. Today's index, no lock.

The command itself is not used, for four reasons: it runs uv in a folder full of the model's own files, so
a stranger's ``uv.toml`` would be obeyed; it wants ``uv`` and every Python on PATH under exact versions,
so on a host without that very patch release each model would fail for a reason that says nothing of
MLflow; it tells neither sizes nor stages; and it does not import anything, it ends with exit code 0 where
nothing loads. So the peer is treated better than by its own command: it gets the same nearest
interpreters as envbuilder. Its environments must pass the same imports.

A model's files reach uv only as copies in a throwaway folder, and only files whose lines are plain
requirements: what names a path, a URL, an option or a variable is left out of the comparison (and said).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.disk import tree_bytes
from benchmarks.mlflow_reading import PeerError, PythonEnv, read_python_env
from benchmarks.outcome import Attempt, Outcome, Side, Stage
from benchmarks.plain_lines import LeftOutError, copies, decoded, included, logical_lines
from envbuilder.builder.installer import Job, index_variables
from envbuilder.builder.proof import prove
from envbuilder.errors import BuildError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.lock import Artifact, Lock, Target
from envbuilder.policy import DEFAULT
from envbuilder.process import neutral_directory, run
from envbuilder.progress import SILENT
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.redact import excerpt
from envbuilder.resolver.selection import best
from envbuilder.resolver.uv import read_candidates
from envbuilder.resolver.uv_words import read_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.environment import Interpreter
    from envbuilder.process import Finished
    from envbuilder.settings import Settings

BUILD, DEPENDENCIES = "mlflow-build.in", "mlflow-dependencies.in"
"""The files that MLflow writes and gives to uv, one after the other."""


def told(stderr: str) -> PeerError:
    """Return uv's failure: its kind as the code, what it says first and, of a build's log, last."""
    failure = read_failure(stderr)
    kind = "malformed-requirement" if "parse requirement" in failure.text else failure.kind.value
    said, log, rest = failure.text.partition("[stderr]")
    last = rest.strip().rpartition("\n")[2].strip() if log else ""
    words = excerpt(" ".join(said.split()).removeprefix("error: "), 280)
    return PeerError(words, code=f"mlflow/{kind}", detail=last)


class Mlflow:
    """Restores models as MLflow does.

    ``folder`` holds uv's cache of this side and the environments, each removed once it was measured.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        choose: Callable[[str], Interpreter],
        cap: int,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._choose = choose
        self._cap = cap
        self._uv = str(uv_binary(settings))
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def cache(self) -> Path:
        """The package cache of this side."""
        return self._folder / "uv"

    def measure(self, model: Path, name: str, imports: tuple[str, ...]) -> Outcome:
        """Restore one model and import ``imports`` in its environment."""
        attempt = Attempt(Outcome(model=name, side=Side.MLFLOW, imports=imports))
        with neutral_directory(self._folder) as directory:
            return attempt.run(lambda: self._steps(attempt, model, directory))

    def _steps(self, attempt: Attempt, model: Path, directory: Path) -> None:
        with attempt.timed("parse"):
            wanted = _prepared(attempt, model, directory / "files")
        prefix = directory / "environment"
        interpreter = self._interpreter(attempt, wanted)
        with attempt.timed("build"):
            self._call("venv", str(prefix), "--python", str(interpreter.path), directory=directory)
            self._install(prefix, BUILD, directory)
        with attempt.timed("resolve"):
            chosen = self._sizes(prefix, interpreter, directory)
        size = sum(artifact.size for artifact in chosen)
        attempt.note(stage=Stage.LOCKED, packages=len(chosen), lock_bytes=size)
        if size > self._cap:
            attempt.note(over_cap=True)
            return
        with attempt.timed("build"):
            self._install(prefix, DEPENDENCIES, directory)
            attempt.note(stage=Stage.BUILT)
            self._prove(prefix, interpreter, attempt.outcome.imports)
        attempt.note(stage=Stage.IMPORTS, environment_bytes=tree_bytes(prefix))

    def _interpreter(self, attempt: Attempt, wanted: PythonEnv) -> Interpreter:
        chosen = self._choose(wanted.python)
        attempt.note(python_requested=wanted.python, python=chosen.version)
        return chosen

    def _prove(self, prefix: Path, interpreter: Interpreter, modules: tuple[str, ...]) -> None:
        """Import the modules by the very function that proves envbuilder's own environments."""
        job = Job(
            lock=Lock(target=_target(interpreter), artifacts=(), spec_id="", engine="mlflow", as_of=None),
            interpreter=interpreter,
            tree=prefix,
            scratch=prefix.parent,
            packages=self.cache,
            settings=self._settings,
            policy=DEFAULT,
            progress=SILENT,
        )
        try:
            prove(job, modules)
        except BuildError as error:
            raise PeerError(error.message, code="mlflow/import-failed", detail=error.detail) from None

    def _sizes(self, prefix: Path, interpreter: Interpreter, directory: Path) -> list[Artifact]:
        """What uv would install for the dependencies; MLflow itself does not ask before it downloads."""
        if not (directory / "files" / DEPENDENCIES).exists():
            return []
        done = self._call(
            "pip", "compile", "--no-header", "--no-annotate", "--format", "pylock.toml", "--python",
            str(prefix / "bin" / "python"), "--", DEPENDENCIES, directory=directory,
        )  # fmt: skip
        chosen = [best(candidate.files, _target(interpreter)) for candidate in read_candidates(done.stdout)]
        return [artifact for artifact in chosen if artifact]

    def _install(self, prefix: Path, file: str, directory: Path) -> None:
        if (directory / "files" / file).exists():
            python = str(prefix / "bin" / "python")
            self._call("pip", "install", "--python", python, "-r", file, directory=directory)

    def _call(self, *arguments: str, directory: Path) -> Finished:
        variables = dict(self._settings.tool_variables) | {
            "UV_CACHE_DIR": str(self.cache.absolute()),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_CONFIG": "1",
            "UV_NO_PROGRESS": "1",
        }
        # Without its credentials: MLflow's way lets any package's build read them.
        variables |= index_variables([self._settings.index.stripped] if self._settings.index else [])
        done = run([self._uv, "--quiet", *arguments], directory=directory / "files", variables=variables)
        if not done.ok:
            raise told(done.stderr)
        return done


def _target(interpreter: Interpreter) -> Target:
    return Target(
        python=interpreter.version,
        platform=interpreter.platform,
        floor=interpreter.floor,
        implementation=interpreter.implementation,
    )


def _prepared(attempt: Attempt, path: Path, folder: Path) -> PythonEnv:
    """Read the model and write what uv may see of it. Raises PeerError, LeftOutError."""
    folder.mkdir()
    with Directory(path) as model:
        try:
            wanted = read_python_env(model)
            attempt.note(stage=Stage.PARSED)
            files = copies(model, [*wanted.build_dependencies, *wanted.dependencies])
        except Missing as error:
            raise PeerError(error.message, code="mlflow/missing-file") from None
        except (Refusal, LeftOutError) as error:
            attempt.note(left_out=True)
            raise LeftOutError(error.message) from None
    lists = {BUILD: wanted.build_dependencies, DEPENDENCIES: wanted.dependencies}
    if files.keys() & lists.keys():
        raise LeftOutError("a file of the model has a name that the harness needs")
    files |= {name: "\n".join(lines).encode() for name, lines in lists.items() if lines}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    texts = [decoded(name, content) for name, content in files.items() if name != BUILD]
    named = [line for text in texts for line in logical_lines(text) if included(line) is None]
    attempt.note(requirements=len(named))
    return wanted
