"""The proof that an environment works: the model's flavor imports. Resolving and installing prove nothing."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.builder.installer import building_variables
from envbuilder.errors import BuildError
from envbuilder.flavors import LIBRARIES
from envbuilder.process import neutral_directory, run
from envbuilder.redact import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.builder.installer import Job
    from envbuilder.environment import Environment
    from envbuilder.settings import Settings

SECONDS = 300.0
"""The largest flavor, torch with transformers on a cold disk, takes about a minute."""

SCRIPT = """
import importlib, json, sys, traceback
result, names = sys.argv[1], sys.argv[2:]
def tell(**facts):
    with open(result, "w") as stream:
        json.dump(facts, stream)
for name in names:
    tell(module=name)
    try:
        importlib.import_module(name)
    except BaseException as error:
        tell(module=name, kind=type(error).__name__, text=str(error)[:2000],
             missing=getattr(error, "name", None) or "", absent=isinstance(error, ModuleNotFoundError),
             trace=traceback.format_exc()[-8000:])
        sys.exit(1)
"""
"""Runs on every Python from 3.6; what a module prints must not spoil the answer, so it goes to a file."""

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""A proof sends nothing."""

OTHER_NAMES = {
    "PIL": "pillow", "attr": "attrs", "bs4": "beautifulsoup4", "cv2": "opencv-python", "dateutil": "python-dateutil",
    "distutils": "setuptools", "google.protobuf": "protobuf", "jwt": "pyjwt", "pkg_resources": "setuptools",
    "skimage": "scikit-image", "yaml": "pyyaml",
}  # fmt: skip
"""Modules that are missed often and whose distribution has another name."""

_LINES = 12
_LONGEST = 1024 * 1024
_NO_LIBRARY = re.compile(r"^([\w.+-]+\.so[\w.]*): cannot open shared object file")


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A module that does not import, and why."""

    module: str
    kind: str = ""
    text: str = ""
    missing: str = ""
    absent: bool = False
    """Whether ``missing`` is not there at all, or is there and lacks something."""
    trace: str = ""


def prove(job: Job, modules: Sequence[str]) -> None:
    """Import the modules, one after the other, in the environment. Raises BuildError ``build/import-failed``."""
    if not modules:
        job.log.note("nothing to import: the model names no flavor")
        return
    seconds = _import(job.tree, modules, settings=job.settings, scratch=job.scratch)
    job.log.note(f"imported {', '.join(modules)} in {seconds:.1f} s")


def prove_more(environment: Environment, modules: Sequence[str], settings: Settings) -> None:
    """Import in a finished environment what was not imported when it was built.

    Two models can lock alike and be of different flavors. Raises BuildError ``build/import-failed``.
    """
    unproved = [module for module in modules if module not in environment.imports]
    if unproved:
        _import(environment.prefix, unproved, settings=settings, scratch=None)


def _import(tree: Path, modules: Sequence[str], *, settings: Settings, scratch: Path | None) -> float:
    """Import modules in one new process; return the seconds it took."""
    with neutral_directory(scratch) as directory:
        result = directory / "result.json"
        result.write_text("{}")
        argv = [str(tree / "bin" / "python"), "-I", "-c", SCRIPT, str(result), *modules]
        done = run(argv, directory=directory, variables=building_variables(settings) | QUIET, seconds=SECONDS)
        if not done.ok:
            raise _failure(_read(result), done.returncode, tree)
    return done.seconds


def complete(job: Job) -> None:
    """Check that every distribution of the lock stands in the environment. Raises BuildError."""
    from packaging.utils import canonicalize_name

    found = {
        str(canonicalize_name(path.name.partition("-")[0]))
        for kind in ("dist-info", "egg-info")
        for path in job.tree.glob(f"lib/python*/site-packages/*.{kind}")
    }
    missing = [artifact.filename for artifact in job.lock.artifacts if artifact.name not in found]
    if missing:
        raise BuildError(
            f"the installer left out {', '.join(missing)}",
            code="build/incomplete",
            hint="try again; if it stays, the file's own metadata names another distribution",
        )


def _read(result: Path) -> Broken:
    """Read what the script told, or what a package's code made of it: any text, of any size, is bounded."""
    try:
        with result.open("rb") as stream:
            told = json.loads(stream.read(_LONGEST))
        broken = Broken(**told)
    except (OSError, ValueError, TypeError, RecursionError):
        return Broken(module="python")
    texts = (broken.module, broken.kind, broken.text, broken.missing, broken.trace)
    return broken if all(isinstance(text, str) for text in texts) else Broken(module="python")


def _failure(broken: Broken, code: int, tree: Path) -> BuildError:
    if not broken.kind:
        return BuildError(
            f"importing {broken.module} ended the interpreter ({_ending(code)})",
            code="build/import-failed",
            hint="a compiled package does not fit this machine or its neighbours; lock with another --as-of",
        )
    first = broken.text.strip().splitlines()[:1]
    message = f"{broken.module} does not import: {broken.kind}: {visible(''.join(first))[:300]}"
    trace = broken.trace.rstrip().splitlines()[-_LINES:]
    return BuildError(
        message,
        code="build/import-failed",
        detail="\n".join(visible(line) for line in trace),
        hint=_hint(broken, tree),
    )


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _hint(broken: Broken, tree: Path) -> str:
    library = _NO_LIBRARY.match(broken.text)
    if library:
        return f"install the system's package that has {library.group(1)}"
    name = visible(broken.missing)
    if not name:
        return "two packages of the lock do not fit each other; pin them, or lock with another --as-of"
    if broken.absent:
        known = visible(distribution_for(broken.missing))
        return f"the distribution {known} provides {name}: add it to the model's requirements"
    owner = owner_of(broken.missing, tree)
    where = f"{name} is of {owner}" if owner else name
    return f"{where}: pin the version that the model was logged with, or lock with another --as-of"


def distribution_for(module: str) -> str:
    """Return the distribution that most likely provides a module that is not there."""
    top = module.partition(".")[0]
    libraries = {library.module: library.distribution for library in LIBRARIES.values() if library.module}
    return (
        OTHER_NAMES.get(module) or OTHER_NAMES.get(top) or libraries.get(top) or top.replace("_", "-").lower()
    )


def owner_of(module: str, tree: Path) -> str:
    """Return the installed distribution, with its version, whose RECORD lists a module; empty if none."""
    top = module.partition(".")[0]
    starts = (f"{top}/", f"{top}.py,", f"{top}.")
    for record in sorted(tree.glob("lib/python*/site-packages/*.dist-info/RECORD")):
        with record.open(encoding="utf-8", errors="replace") as lines:
            if any(line.startswith(starts) for line in lines):
                return record.parent.name.removesuffix(".dist-info").replace("-", " ", 1)
    return ""
