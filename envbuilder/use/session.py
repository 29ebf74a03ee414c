"""Running things in an environment: by a session of this process, or in place of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from envbuilder.errors import UsageError
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import excerpt
from envbuilder.request import Request
from envbuilder.settings import own_environment
from envbuilder.use.execution import activated, become, program_of
from envbuilder.use.restoration import PLAIN, Restored, restore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envbuilder.policy import Policy
    from envbuilder.settings import Settings

Command: TypeAlias = "Sequence[str | Path] | str | Path"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """An environment in use. Children inherit the lease, so that it outlives this process with them."""

    restored: Restored

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.restored.environment.python

    @property
    def prefix(self) -> Path:
        """The environment's folder."""
        return self.restored.environment.prefix

    @property
    def env_id(self) -> str:
        """The environment's key, 64 hex digits."""
        return self.restored.environment.env_id

    def run(
        self, command: Command, *, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command to its end; ``options`` are those of subprocess.run.

        ``env`` takes the place of the user's own environment. Raises what subprocess.run raises.
        """
        argv, options = self._argv(command, env, options), self._options(env, options)
        return subprocess.run(argv, **options)  # noqa: PLW1510 - an option

    def popen(
        self, command: Command, *, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start a command; ``options`` are those of subprocess.Popen. Else as run()."""
        return subprocess.Popen(self._argv(command, env, options), **self._options(env, options))

    def _environ(self, env: Mapping[str, str] | None) -> dict[str, str]:
        return activated(self.prefix, own_environment() if env is None else env)

    def _argv(
        self, command: Command, env: Mapping[str, str] | None, options: Mapping[str, Any]
    ) -> list[str] | str:
        """The command with its program's path: Popen alone would look on our PATH, not on the new one.

        One text is a program's name, or with ``shell`` the shell's own business, as for subprocess.
        """
        if isinstance(command, (str, os.PathLike)):
            if options.get("shell"):
                return os.fspath(command)
            command = [command]
        program, *arguments = (os.fspath(part) for part in command)
        return [shutil.which(program, path=self._environ(env)["PATH"]) or program, *arguments]

    def _options(self, env: Mapping[str, str] | None, options: Mapping[str, Any]) -> dict[str, Any]:
        fds = (*options.get("pass_fds", ()), self.restored.lease.fd)
        return {**options, "env": self._environ(env), "pass_fds": fds}


@contextlib.contextmanager
def acquire(
    model: Path,
    *,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Iterator[Session]:
    """Restore a model's environment and hold it while the block runs. Raises as restore() does.

    Children that the session started keep holding it after the block.
    """
    restored = restore(model, request=request, settings=settings, policy=policy, progress=progress)
    with restored.lease:
        yield Session(restored=restored)


def run_command(
    restored: Restored, command: Sequence[str], *, env: Mapping[str, str] | None = None
) -> NoReturn:
    """Become the command, in the environment and with its lease.

    It takes this process's place rather than running below it: signals, the terminal, the exit code and
    the process id are the command's own, nothing is left that could die without it, and no interpreter
    idles beside a server for weeks. The lease survives the exec. Raises UsageError if there is no such
    command; the lease is then still held.
    """
    environ = activated(restored.environment.prefix, own_environment() if env is None else env)
    if not command:
        raise UsageError("no command to run", hint="name it after --: envbuilder run MODEL -- python -V")
    program = program_of(command[0], environ["PATH"])
    if program is None:
        raise UsageError(
            f"there is no command {excerpt(command[0])!r} in the environment or on PATH",
            code="usage/no-command",
            hint="look into the environment's bin folder, or give a path",
        )
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        become(program, command, environ, restored.lease.fd)
    except OSError as error:
        raise UsageError(
            f"{excerpt(program)} cannot be run: {(error.strerror or str(error)).lower()}",
            code="usage/no-command",
            hint="a script needs a first line that names its interpreter, and must be executable",
        ) from error
