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

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.disk import tree_bytes
from benchmarks.outcome import Attempt, Outcome, Side, Stage
from envbuilder.builder.installer import Job
from envbuilder.builder.proof import prove
from envbuilder.errors import BuildError, EnvbuilderError
from envbuilder.lock import Artifact, Lock, Target
from envbuilder.policy import DEFAULT
from envbuilder.process import neutral_directory, run
from envbuilder.progress import SILENT
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.redact import excerpt
from envbuilder.resolver.selection import best
from envbuilder.resolver.uv import read_candidates, uv_binary
from envbuilder.resolver.uv_words import read_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envbuilder.environment import Interpreter
    from envbuilder.process import Finished
    from envbuilder.settings import Settings

BUILD, DEPENDENCIES = "mlflow-build.in", "mlflow-dependencies.in"
"""The files that MLflow writes and gives to uv, one after the other."""

RUNNING_PYTHON = ".".join(str(part) for part in sys.version_info[:3])
"""What MLflow takes where no file names a Python: the version that it runs with itself."""

CONDA_ITEM = re.compile(
    r"(?P<package>python|pip|setuptools|wheel)(?P<operator><=|>=|==|!=|<|>|=)?(?P<version>[\d.]+)?"
)
"""The conda dependencies that MLflow's managers understand; everything else is dropped."""

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._,\s-]*\])?[A-Za-z0-9._,\s<>=!~*+()-]*")
"""A requirement without anything that could name a place: no slash, colon, at sign or dollar."""

MARKER = re.compile(r"[A-Za-z0-9._\s<>=!~'\"()-]+")
UNSAFE = re.compile(r"\s-|\.(whl|egg|zip|tar|tgz|gz|bz2|xz|zst|txt|toml|py)\b", re.IGNORECASE)
"""What PLAIN lets through and could still be an option or a file."""

INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)[\s=]+(?P<path>[A-Za-z0-9._/-]+)")
HASH = re.compile(r"\s--hash[=\s]sha(256|384|512):[0-9a-f]+")


class PeerError(EnvbuilderError):
    """MLflow could not go on."""

    default_code = "mlflow/failed"


class LeftOutError(EnvbuilderError):
    """The harness does not hand this model to a tool."""

    default_code = "harness/left-out"


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonEnv:
    """MLflow's own reading of a model (its ``_PythonEnv``)."""

    python: str
    build_dependencies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


def read_python_env(model: Directory) -> PythonEnv:
    """Read a model as MLflow does. Raises PeerError where MLflow raises something, Refusal or Missing."""
    env = _pyfunc(_mapping(model, "MLmodel")).get("env") or "conda.yaml"
    try:
        file = env["virtualenv"] if isinstance(env, dict) else "python_env.yaml"
        conda = env["conda"] if isinstance(env, dict) else env
    except KeyError as error:
        raise PeerError(f"MLmodel's env has no key {error}", code="mlflow/key-error") from None
    if model.has(_text(file)):
        return _from_python_env(_mapping(model, _text(file)))
    found = _from_conda(_mapping(model, _text(conda)))
    if model.has("requirements.txt"):
        return PythonEnv(
            python=found.python,
            build_dependencies=found.build_dependencies,
            dependencies=("-r requirements.txt",),
        )
    return found


def _pyfunc(mlmodel: dict[str, Any]) -> dict[str, Any]:
    flavors = mlmodel.get("flavors")
    pyfunc = flavors.get("python_function") if isinstance(flavors, dict) else None
    if not isinstance(pyfunc, dict):
        raise PeerError("no python_function flavor: no backend of MLflow's", code="mlflow/no-flavor")
    return pyfunc


def _mapping(model: Directory, path: str) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(model.read(inner_path(path)).content)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PeerError(f"{path}: {excerpt(str(error))}", code="mlflow/yaml") from None
    if not isinstance(loaded, dict):
        raise PeerError(f"{path} is no mapping", code="mlflow/yaml")
    return loaded


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PeerError(f"{value!r} is {type(value).__name__}, not a string", code="mlflow/type-error")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise PeerError(f"{value!r} is {type(value).__name__}, not a list", code="mlflow/type-error")
    return tuple(_text(item) for item in value)


def _from_python_env(loaded: dict[str, Any]) -> PythonEnv:
    if unknown := loaded.keys() - {"python", "build_dependencies", "dependencies"}:
        raise PeerError(f"unknown keys {sorted(map(str, unknown))}", code="mlflow/type-error")
    return PythonEnv(
        python=_text(loaded.get("python") or RUNNING_PYTHON),
        build_dependencies=_texts(loaded.get("build_dependencies") or []),
        dependencies=_texts(loaded.get("dependencies") or []),
    )


def _from_conda(loaded: dict[str, Any]) -> PythonEnv:
    python = ""
    build: list[str] = []
    dependencies: tuple[str, ...] = ()
    for item in loaded.get("dependencies") or []:
        if isinstance(item, dict) and "pip" in item:
            dependencies = _texts(item["pip"] or [])
            continue
        match = CONDA_ITEM.fullmatch(_text(item))
        if match is None:
            continue
        package, operator, version = match.group("package", "operator", "version")
        if package == "python" and not python:
            if operator in (None, "<", ">", "!="):
                raise PeerError(f"python must be pinned, not {item!r}", code="mlflow/python")
            python = version or ""
        else:
            operator = "==" if operator == "=" else operator
            build.append(f"{package}{operator or ''}{version or ''}")
    return PythonEnv(
        python=python or RUNNING_PYTHON, build_dependencies=tuple(build), dependencies=dependencies
    )


def logical_lines(text: str) -> Iterator[str]:
    """Yield the lines of a requirements file without comments, continued ones joined."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if bare := re.sub(r"(^|\s)#.*", "", line).strip():
            yield bare


def included(line: str) -> str | None:
    """Return the path that a ``-r`` or ``-c`` line names, else None."""
    match = INCLUDE.fullmatch(line)
    return match.group("path") if match else None


def harmless(line: str) -> bool:
    """Whether a line can name nothing but packages of the index."""
    requirement, semicolon, marker = HASH.sub("", line).partition(";")
    if not PLAIN.fullmatch(requirement.strip()) or UNSAFE.search(requirement):
        return False
    return not semicolon or MARKER.fullmatch(marker) is not None


def copies(model: Directory, first: Sequence[str]) -> dict[str, bytes]:
    """Return the files that ``first`` includes, themselves and theirs, by path.

    Raises LeftOutError for a line that is not plainly harmless.
    """
    found: dict[str, bytes] = {}
    waiting = [("", "\n".join(first))]
    while waiting:
        base, text = waiting.pop()
        if any(ord(character) < 32 and character not in "\t\r\n" for character in text):
            raise LeftOutError("a control character in a requirements file")
        for line in logical_lines(text):
            if (path := included(line)) is None:
                if not harmless(line):
                    raise LeftOutError(f"not handed to a tool: {excerpt(line)}")
                continue
            path = inner_path(path, base=base)
            if path in (BUILD, DEPENDENCIES):
                raise LeftOutError(f"{path} is the harness's own name")
            if path not in found:
                found[path] = model.read(path).content
                waiting.append((path.rpartition("/")[0], _decoded(path, found[path])))
    return found


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LeftOutError(f"{path} is not UTF-8") from None


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
        if self._settings.index:
            variables["UV_DEFAULT_INDEX"] = self._settings.index.secret
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
    files |= {name: "\n".join(lines).encode() for name, lines in lists.items() if lines}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    texts = [_decoded(name, content) for name, content in files.items() if name != BUILD]
    named = [line for text in texts for line in logical_lines(text) if included(line) is None]
    attempt.note(requirements=len(named))
    return wanted
