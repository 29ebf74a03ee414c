"""The ground of an environment of conda packages: they are laid out where it will stay, and its Python is theirs.

In its final place from the start: their files name the place, and so do the scripts of what uv adds, and what
is compiled against their Python. A tree without its manifest is none, wherever it stands.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from envbuilder.builder.installer import Ground
from envbuilder.conda.installing import install
from envbuilder.conda.questions import Source
from envbuilder.conda.sources import passes
from envbuilder.errors import BuildError
from envbuilder.interpreters.probe import Unfit, probe
from envbuilder.store.packages import using_conda
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.builder.installer import BuildLog
    from envbuilder.environment import Interpreter
    from envbuilder.lock import CondaPackage, Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.store.layout import Layout

ACTIVATE: Final = """\
# Read this by a shell: `source bin/activate`; `deactivate` takes it back.
if [ -n "${BASH_SOURCE:-}" ]; then _envbuilder_file="${BASH_SOURCE}"
elif [ -n "${ZSH_VERSION:-}" ]; then eval '_envbuilder_file="${(%):-%x}"'
else _envbuilder_file='@PREFIX@/bin/activate'
fi
deactivate () {
    if [ -n "${_ENVBUILDER_OLD_PATH:-}" ]; then PATH="${_ENVBUILDER_OLD_PATH}"; export PATH; fi
    if [ -n "${_ENVBUILDER_OLD_PREFIX:-}" ]; then CONDA_PREFIX="${_ENVBUILDER_OLD_PREFIX}"; else unset CONDA_PREFIX; fi
    unset _ENVBUILDER_OLD_PATH _ENVBUILDER_OLD_PREFIX
    hash -r 2>/dev/null
    if [ "${1:-}" != nondestructive ]; then unset -f deactivate; fi
}
if [ -n "${_ENVBUILDER_OLD_PATH:-}" ]; then deactivate nondestructive; fi
_ENVBUILDER_OLD_PATH="${PATH}"
_ENVBUILDER_OLD_PREFIX="${CONDA_PREFIX:-}"
CONDA_PREFIX="$(cd "$(dirname "${_envbuilder_file}")/.." && pwd)"
PATH="${CONDA_PREFIX}/bin:${PATH}"
export CONDA_PREFIX PATH
unset _envbuilder_file PYTHONHOME
hash -r 2>/dev/null
"""
"""What virtual environments have and conda's have not, without the packages' own scripts for activation."""


def lay_ground(
    lock: Lock,
    *,
    tree: Path,
    layout: Layout,
    scratch: Path,
    settings: Settings,
    policy: Policy,
    progress: Progress,
    log: BuildLog,
) -> Ground:
    """Make ``tree``, an empty folder in its final place, a conda environment with the lock's conda packages.

    Raises PolicyError, BuildError, ArchiveRefused, StoreError, ToolError.
    """
    with using_conda(layout):
        installed = install(
            lock.conda,
            tree=tree,
            final=tree,
            cache=layout.conda_cache,
            sources=sources_of(lock, policy),
            settings=settings,
            scratch=scratch,
            progress=progress,
        )
    log.note(f"laid out {len(lock.conda)} conda packages")
    _complete(lock, tree)
    if os.path.lexists(tree / "pyvenv.cfg"):
        raise BuildError(
            "a conda package brings a pyvenv.cfg, by which its Python would take itself for another one",
            code="archive/script-path",
            hint="lock another release, or ask who published it",
        )
    with told(layout.root, "write an environment's activation"):
        _write_activation(tree)
    return Ground(interpreter=_interpreter(lock, tree), findings=installed.findings)


def sources_of(lock: Lock, policy: Policy) -> tuple[Source, ...]:
    """Return the channels of a lock as far as the policy lets them pass, with the policy's mirrors of each."""
    channels = dict.fromkeys(package.channel for package in lock.conda)
    return tuple(
        Source(channel=channel, mirrors=policy.channels.mirrors_of(channel))
        for channel in channels
        if passes(channel, policy)
    )


def _complete(lock: Lock, tree: Path) -> None:
    """Check that each package has its record in the environment. Raises BuildError."""
    missing = [
        package for package in lock.conda if not (tree / "conda-meta" / record_name(package)).is_file()
    ]
    if missing:
        raise BuildError(
            f"the installer left out {', '.join(package.filename for package in missing)}",
            code="build/incomplete",
            hint="try again; if it stays, the package's own metadata has another name or version",
        )


def record_name(package: CondaPackage) -> str:
    """Return the name of a package's record in ``conda-meta`` (conda's prefix data)."""
    return f"{package.name}-{package.version}-{package.build}.json"


def _write_activation(tree: Path) -> None:
    place = tree / "bin" / "activate"
    place.parent.mkdir(exist_ok=True)
    # A package's own may have other names, in a cache: ours takes its place, never its bytes.
    place.unlink(missing_ok=True)
    place.write_text(ACTIVATE.replace("@PREFIX@", str(tree).replace("'", "'\\''")), encoding="utf-8")


def _interpreter(lock: Lock, tree: Path) -> Interpreter:
    """Return the Python that the packages brought. Raises BuildError."""
    python = tree / "bin" / "python"
    if not python.exists():
        raise _no_python("none of them brings bin/python")
    try:
        interpreter, _ = probe(python, source="conda")
    except Unfit as reason:
        raise _no_python(str(reason)) from None
    if interpreter.version != lock.target.python:
        raise BuildError(
            f"the lock is for Python {lock.target.python}, its conda packages bring {interpreter.version}",
            code="build/wrong-interpreter",
            hint="lock again with --refresh",
        )
    return interpreter


def _no_python(reason: str) -> BuildError:
    return BuildError(
        f"the conda packages make no Python: {reason}",
        code="build/no-python",
        hint="lock again; if it stays, name another Python with --python",
    )
