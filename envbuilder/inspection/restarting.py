"""Restarting this very program inside a model's environment: the same arguments, process id and terminal.

The environment need not have envbuilder: a stand-in (``restarted/``) goes in front of its path, whose
``check`` says that all is right, so that the program's second run passes the line that restarted it. One
process is restarted once at most; a variable with its id tells the second run.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from envbuilder.errors import EnvbuilderError
from envbuilder.inspection.installed import installed
from envbuilder.inspection.mismatches import MismatchError, Mismatches
from envbuilder.inspection.program import Program, read_program
from envbuilder.inspection.situation import reason_to_stay
from envbuilder.redact import excerpt
from envbuilder.settings import own_environment
from envbuilder.use.execution import activated, become

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envbuilder.use.restoration import Restored

VARIABLE = "ENVBUILDER_RESTARTED"
"""In the restarted program: its process id, and which model it was restarted for, as JSON."""

STAND_IN = Path(__file__).parent / "restarted"

_NEEDS = {"P": (3, 11), "--check-hash-based-pycs": (3, 7)}
"""Options of Python that older ones refuse."""


class RestartError(EnvbuilderError):
    """This program cannot be restarted in the model's environment; nothing was changed."""

    default_code = "check/restart"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message, code=code, hint=hint or "use envbuilder.load_model(model): a child process")


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """A restart that can be done."""

    model: str
    found: Mismatches
    program: Program

    @classmethod
    def prepare(cls, model: str, found: Mismatches) -> Restart:
        """Look whether this process can be restarted, before an environment is made for it.

        Raises RestartError if not, MismatchError if it was restarted already.
        """
        before = _restarted_for(own_environment())
        if before is not None:
            raise MismatchError(
                f"this program was restarted for {excerpt(before)} already; now {found.summary}",
                mismatches=found,
                code="check/restarted",
                hint="look for what changes the path of its Python; a program is in one environment at a time",
            )
        program = read_program(sys.orig_argv)
        reason = reason_to_stay(program)
        if reason:
            raise RestartError(f"this process cannot be restarted: {reason}")
        return cls(model=model, found=found, program=program)

    def into(self, restored: Restored) -> NoReturn:
        """Take this process's place with the same program in an environment; its lease goes along.

        What was written to stdout and stderr is flushed; exit handlers do not run. Raises RestartError,
        the lease then closed.
        """
        try:
            self._into(restored)
        except BaseException:
            restored.lease.close()
            raise

    def _into(self, restored: Restored) -> NoReturn:
        environment = restored.environment
        version = tuple(map(int, environment.python_version.split(".")[:2]))
        for option, needed in _NEEDS.items():
            if option in self.program.flags and version < needed:
                shown = option if option.startswith("--") else f"-{option}"
                raise RestartError(f"python {environment.python_version} has no option {shown}")
        site = f"{environment.prefix}/lib/python{version[0]}.{version[1]}/site-packages"
        arguments = self._arguments(str(environment.prefix), site)
        environ = self._environ(
            environment.prefix, own_envbuilder="envbuilder" in installed([site], {"envbuilder"})
        )
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        try:
            become(str(environment.python), [str(environment.python), *arguments], environ, restored.lease.fd)
        except OSError as error:
            raise RestartError(f"{environment.python} cannot be run: {error.strerror or error}") from error

    def _arguments(self, prefix: str, site: str) -> tuple[str, ...]:
        """The program's arguments. What is installed beside this Python has to be in the environment too."""
        program = self.program
        if program.kind == "script":
            script = os.path.abspath(program.target)  # noqa: PTH100
            if os.path.dirname(script) == os.path.join(sys.prefix, "bin"):  # noqa: PTH118, PTH120
                there = f"{prefix}/bin/{os.path.basename(script)}"  # noqa: PTH119
                if not os.path.exists(there):  # noqa: PTH110
                    raise RestartError(f"the model's environment has no {excerpt(os.path.basename(script))}")  # noqa: PTH119
                return program.with_target(there)
        if program.kind == "module":
            file = getattr(sys.modules.get("__main__"), "__file__", None) or ""
            top = program.target.partition(".")[0]
            is_installed = "/site-packages/" in file or "/dist-packages/" in file
            if is_installed and not any(os.path.exists(f"{site}/{top}{end}") for end in ("", ".py")):  # noqa: PTH110
                raise RestartError(f"the model's environment has no module {excerpt(top)}")
        return program.argv

    def _environ(self, prefix: Path, *, own_envbuilder: bool) -> dict[str, str]:
        """The variables of the second run: the first one's, activated, with what PYTHONPATH has of the user's own."""
        variables = own_environment()
        told = {
            "pid": os.getpid(),
            "model": self.model,
            "lock_id": self.found.lock_id,
            "packages": self.found.packages,
        }
        path = [entry for entry in variables.get("PYTHONPATH", "").split(os.pathsep) if _users_own(entry)]
        if not own_envbuilder:
            if self.program.flags & {"E", "I"}:
                raise RestartError(
                    "with -E or -I the environment's Python would not find envbuilder",
                    hint="start the program without that option, or use envbuilder.load_model(model)",
                )
            path.insert(0, str(STAND_IN))
        environ = activated(prefix, variables) | {VARIABLE: json.dumps(told)}
        return environ | ({"PYTHONPATH": os.pathsep.join(path)} if path else {})


def _users_own(entry: str) -> bool:
    """Whether an entry of PYTHONPATH is not of this Python's own packages, which are for no other."""
    hosts = (f"{sys.prefix}/", f"{sys.base_prefix}/lib/")
    return bool(entry) and not os.path.abspath(entry).startswith(hosts)  # noqa: PTH100


def _restarted_for(environ: Mapping[str, str]) -> str | None:
    """Return the model that this very process was restarted for; children have another id."""
    try:
        told = json.loads(environ[VARIABLE])
        return str(told["model"]) if told["pid"] == os.getpid() else None
    except (KeyError, ValueError, TypeError):
        return None
