"""Who builds the environment of one model: ours, bare uv, MLflow by uv and by virtualenv, pip-tools.

Each side has a folder of its own for its caches and its environment, the same index, the same interpreter, and
none of the host's configuration of the others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pairs import Side
from envbuilder.builder.installer import index_variables
from envbuilder.resolver.dating import rfc3339
from envbuilder.store.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envbuilder.environment import Interpreter
    from envbuilder.lock import Lock
    from envbuilder.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

LAUNCHER = "import sys\nfrom envbuilder.__main__ import main\nsys.exit(main())\n"
"""What an installer writes as the command ``envbuilder``."""

CONFIGURED = ("ENVBUILDER_", "UV_", "PIP_", "MLFLOW_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_")
KEPT = ("PIP_CERT", "PIP_DEFAULT_TIMEOUT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What every side is given."""

    folder: Path
    model: Path
    interpreter: Interpreter
    uv: Path
    lock: Lock
    pylock: Path
    """``lock`` as uv reads it."""
    requirements: Path
    """What the model asks for, as uv and pip-tools read it."""
    environ: dict[str, str]

    @property
    def launcher(self) -> Path:
        """Our command."""
        return self.folder / "envbuilder"

    def own(self, name: str) -> Path:
        """Return a side's folder."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def cleaned(environ: dict[str, str], settings: Settings) -> dict[str, str]:
    """Return the environment of all sides: certificates and proxies stay, the index is the same for all."""
    kept = {n: v for n, v in environ.items() if n in KEPT or not n.startswith(CONFIGURED)}
    if settings.index:
        kept |= index_variables([settings.index.stripped]) | {"PIP_INDEX_URL": settings.index.stripped}
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONPATH": str(ROOT)}


def emptied(*folders: Path) -> None:
    """Remove folders, read-only parts included."""
    for folder in folders:
        remove_tree(folder)


def without_environments(home: Path, *more: str) -> None:
    """Take the environments out of a store, and with ``more`` other kinds of records too."""
    for kind in ("envs", "requests", *more):
        for path in (home / kind).glob("v1/*"):
            remove_tree(path)


LOCKS = ("specs", "resolutions", "locks")
"""What a store knows of resolutions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """``envbuilder build``."""

    work: Work
    name: str = "envbuilder"

    @property
    def home(self) -> Path:
        """The store."""
        return self.work.own("ours") / "store"

    @property
    def environ(self) -> dict[str, str]:
        """The variables of its commands."""
        return self.work.environ | {"ENVBUILDER_HOME": str(self.home)}

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return a command line of ours."""
        return (sys.executable, str(self.work.launcher), *arguments)

    def _side(self, *forget: str, cold: bool = False) -> Side:
        before = partial(emptied, self.home) if cold else partial(without_environments, self.home, *forget)
        commands = (self.command("build", str(self.work.model)),)
        return Side(
            name=self.name, commands=commands, environ=self.environ, before=before, places=(self.home,)
        )

    def known(self) -> Side:
        """The lock and the packages are there, the environment is not."""
        return self._side()

    def unknown(self) -> Side:
        """The packages are there, the lock is not."""
        return self._side(*LOCKS)

    def cold(self) -> Side:
        """Nothing is there."""
        return self._side(cold=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class BareUv:
    """``uv venv`` and ``uv pip sync``, with nothing around them; with ``bytecode`` compiled each time."""

    work: Work
    bytecode: bool = False
    prefix_name: str = ""

    @property
    def name(self) -> str:
        """Its column."""
        return "uv, bytecode compiled" if self.bytecode else "bare uv"

    @property
    def cache(self) -> Path:
        """Uv's cache."""
        return self.work.own("uv") / "cache"

    @property
    def prefix(self) -> Path:
        """The environment."""
        return self.work.own("uv") / (self.prefix_name or ("compiled" if self.bytecode else "bare"))

    def install(self, lock: Path, *more: str) -> tuple[tuple[str, ...], ...]:
        """Return the two commands."""
        uv = str(self.work.uv)
        sync = [uv, "pip", "sync", "--no-config", "--link-mode", "hardlink", "--preview-features", "pylock"]
        compile_too = ["--compile-bytecode"] if self.bytecode else []
        return (
            (uv, "venv", "--no-config", "--python", str(self.work.interpreter.path), str(self.prefix)),
            (*sync, *compile_too, *more, "--python", str(self.prefix / "bin" / "python"), str(lock)),
        )

    def _side(self, commands: tuple[tuple[str, ...], ...], *gone: Path) -> Side:
        return Side(
            name=self.name, commands=commands, before=partial(emptied, self.prefix, *gone),
            environ=self.work.environ | {"UV_CACHE_DIR": str(self.cache)}, places=(self.cache, self.prefix),
        )  # fmt: skip

    def known(self) -> Side:
        """As Ours.known()."""
        return self._side(self.install(self.work.pylock, "--offline"))

    def unknown(self) -> Side:
        """As Ours.unknown()."""
        return self._side(self._resolved())

    def cold(self) -> Side:
        """As Ours.cold()."""
        return self._side(self._resolved(), self.cache)  # one cache for both ways: each run empties it

    def _resolved(self) -> tuple[tuple[str, ...], ...]:
        made = self.work.own("uv") / "made" / "pylock.toml"
        made.parent.mkdir(exist_ok=True)
        made.unlink(missing_ok=True)
        day = ["--exclude-newer", rfc3339(self.work.lock.as_of)] if self.work.lock.as_of else []
        resolve = (
            str(self.work.uv), "pip", "compile", "--no-config", "--quiet", "--format", "pylock.toml", *day,
            "--python", str(self.work.interpreter.path), "-o", str(made), str(self.work.requirements),
        )  # fmt: skip
        return resolve, *self.install(made)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mlflow:
    """``mlflow models prepare-env``, which has no lock."""

    work: Work
    python: Path
    manager: str

    @property
    def name(self) -> str:
        """Its column."""
        return f"MLflow {self.manager}"

    @property
    def missing(self) -> str:
        """Why it cannot take part; empty if it can."""
        known = subprocess.run([self.python, "-c", "import mlflow"], capture_output=True, check=False)
        if known.returncode:
            return f"{self.python} has no mlflow"
        if self.manager == "virtualenv" and not (self._pyenv and shutil.which("virtualenv", path=self._path)):
            return "it needs pyenv and virtualenv"
        return ""

    @property
    def _pyenv(self) -> Path | None:
        found = shutil.which("pyenv", path=self.work.environ.get("PATH"))
        return Path(found).parent if found else None

    @property
    def _path(self) -> str:
        folders = (self.work.interpreter.path.parent, self.work.uv.parent, self.python.parent, self._pyenv)
        return os.pathsep.join([*(str(folder) for folder in folders if folder), os.defpath])

    @property
    def environ(self) -> dict[str, str]:
        """The variables of its commands; all that it keeps stands in a folder of its own."""
        own = self.work.own(f"mlflow-{self.manager}")
        return self.work.environ | {
            "PATH": self._path, "MLFLOW_ENV_ROOT": str(own / "envs"), "UV_CACHE_DIR": str(own / "cache"),
            "PIP_CACHE_DIR": str(own / "cache"),
        }  # fmt: skip

    @property
    def command(self) -> tuple[str, ...]:
        """What is called."""
        return (
            str(self.python), "-m", "mlflow", "models", "prepare-env", "-m", str(self.work.model),
            "--env-manager", self.manager,
        )  # fmt: skip

    def side(self, *, cold: bool, rounds: int) -> Side:
        """With its caches full or empty, and never with the environment."""
        own = self.work.own(f"mlflow-{self.manager}")
        gone = (own / "envs", own / "cache") if cold else (own / "envs",)
        return Side(
            name=self.name, commands=(self.command,), environ=self.environ, before=partial(emptied, *gone),
            rounds=rounds, places=(own,),
        )  # fmt: skip

    def ready(self, rounds: int) -> Side:
        """With the environment, too."""
        return Side(name=self.name, commands=(self.command,), environ=self.environ, rounds=rounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class PipTools:
    """``pip-compile`` and ``pip-sync``, of a pip-tools that was installed for the model's Python."""

    work: Work
    name: str = "pip-tools"

    @property
    def tools(self) -> Path:
        """Where pip-tools is."""
        return self.work.own("pip-tools") / "tools"

    @property
    def missing(self) -> str:
        """Install pip-tools; return why that cannot be done, empty if it was."""
        uv, python = str(self.work.uv), str(self.tools / "bin" / "python")
        commands = (
            [uv, "venv", "--no-config", "--quiet", "--allow-existing", "--python", str(self.work.interpreter.path), str(self.tools)],
            [uv, "pip", "install", "--no-config", "--quiet", "--python", python, "pip", "pip-tools"],
        )  # fmt: skip
        for command in commands:
            done = subprocess.run(command, env=self.work.environ, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"it cannot be installed: {done.stderr.strip()[-200:]}"
        return ""

    def side(self, *, cold: bool, rounds: int, lock: Path | None = None) -> Side:
        """With its cache full or empty; with ``lock`` that is installed, else one is made first."""
        own, tools = self.work.own("pip-tools"), self.tools / "bin"
        prefix, made = own / "env", own / "requirements.txt"
        resolve = (
            str(tools / "pip-compile"), "--quiet", "--no-config", "--strip-extras", "--allow-unsafe", "-o", str(made),
            str(self.work.requirements),
        )  # fmt: skip
        install = (
            (str(self.work.interpreter.path), "-m", "venv", str(prefix)),
            (
                str(tools / "pip-sync"), "--quiet", "--no-config", "--python-executable",
                str(prefix / "bin" / "python"), str(lock or made),
            ),
        )  # fmt: skip
        gone = (prefix, made, own / "cache") if cold else (prefix, made)
        return Side(
            name=self.name, commands=install if lock else (resolve, *install),
            environ=self.work.environ | {"PIP_CACHE_DIR": str(own / "cache"), "PIP_TOOLS_CACHE_DIR": str(own / "cache")},
            before=partial(emptied, *gone), rounds=rounds, places=(prefix, own / "cache"),
        )  # fmt: skip


def hashed(lock: Lock) -> str:
    """Return a lock as pip reads it."""
    return "".join(f"{a.name}=={a.version} --hash=sha256:{a.sha256}\n" for a in lock.artifacts)


def missing(contenders: Iterable[Mlflow | PipTools]) -> tuple[Sequence[Mlflow | PipTools], list[str]]:
    """Part those that can take part from those that cannot, each with its reason."""
    present, absent = [], []
    for contender in contenders:
        reason = contender.missing
        if reason:
            absent.append(f"{contender.name}: {reason}")
        else:
            present.append(contender)
    return present, absent
