"""The default installer: ``uv venv --relocatable`` and ``uv pip sync`` from the store's own cache.

Wheels are fetched and unpacked with builds forbidden; source distributions are fetched by ourselves, then built.
No tool ever has an index's credentials, so no code of a package does: where there are some, a relay stands
between (envbuilder.relay).
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from envbuilder.builder.failures import Cause, cause_of, failed
from envbuilder.builder.fetching import Fetcher
from envbuilder.builder.installer import Job, index_variables
from envbuilder.builder.sources import FIRST, Attempt, build_each, constraints, cures, cutoff
from envbuilder.builder.wheelmarks import mark, unmark, unmarked
from envbuilder.errors import EnvbuilderError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.process import Finished, neutral_directory, run
from envbuilder.redact import SafeUrl
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.pylock import write_pylock
from envbuilder.web import PAUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envbuilder.lock import Artifact, Lock
    from envbuilder.relay.passage import Passage
    from envbuilder.settings import Settings

FLAGS: Final = ("--no-config", "--no-progress", "--color", "never", "--preview-features", "pylock")
INDEX_FLAGS: Final = ("--index-strategy", "first-index", "--keyring-provider", "disabled")
LINK_MODE: Final = "clone" if sys.platform == "darwin" else "hardlink"
"""APFS shares blocks between copies; elsewhere one inode serves all environments, read-only."""

WHEELS: Final = ("--no-build", "--link-mode", LINK_MODE, *INDEX_FLAGS)

LEFT_BY_UV: Final = (".lock", ".gitignore", "CACHEDIR.TAG")
"""Of no use in a store that nobody writes to; the last would keep an exported environment out of backups."""

PYLOCK: Final = "pylock.toml"
"""uv knows the format by the file's name."""

SECONDS: Final = 3600.0


class UvInstaller:
    """Installs with uv into a staging folder: what it makes can be moved. Raises ToolError without uv.

    On a ``ground`` of conda packages, which name their place, it adds to what is there.
    """

    def __init__(self, settings: Settings, *, ground: bool = False) -> None:
        self._uv = uv_binary(settings)
        self.in_place = ground
        self._add = ("pip", "install", "--no-deps", *(("--break-system-packages",) if ground else ()))

    def install(self, job: Job) -> None:
        """Install the whole lock. Raises BuildError."""
        if not self.in_place:
            self._make_venv(job)
        if job.wheels:
            self._install_wheels(job)
        if job.sources:
            self._build_sources(job)
        for name in LEFT_BY_UV:
            (job.tree / name).unlink(missing_ok=True)

    def _make_venv(self, job: Job) -> None:
        arguments = ["venv", "--relocatable", "--no-project", "--allow-existing", "--prompt", "envbuilder"]
        arguments += ["--python", str(job.interpreter.path), str(job.tree)]
        done = self._run(job, job.packages / "uv", arguments, {})
        job.log.add(done)
        if not done.ok:
            raise failed(done, "making the virtual environment")

    def _install_wheels(self, job: Job) -> None:
        counter = Counter(job, len(job.wheels))
        # What stands on a ground of other packages must not remove them.
        how = self._add if self.in_place else ("pip", "sync")
        arguments = [*how, *WHEELS]
        job.progress.phase("download", f"{len(job.wheels)} wheels")
        for pause in (*PAUSES, None):
            with job.passage() as way:
                pylock = way.shown(_part(job.lock, job.wheels))
                if self._cached(job, way, arguments, pylock):
                    return
                done = way.told(self._with_pylock(job, arguments, pylock, _variables(way), counter.line))
            job.log.add(done)
            if done.ok:
                mark(job.packages, job.wheels)
                return
            if pause is None or job.settings.offline or cause_of(done.stderr) is not Cause.NETWORK:
                raise failed(done, "installing the wheels")
            time.sleep(pause)

    def _cached(self, job: Job, way: Passage, arguments: Sequence[str], pylock: str) -> bool:
        """Install from the cache alone, with no more fetched than it lacks; False if that cannot be done.

        Uv asks an index again, or fetches anew, what that says nothing of its age; a wheel of the lock's hash is
        the right one whatever its age. What is missing is told within some hundredths of a second.
        """
        new = unmarked(job.packages, job.wheels)
        if job.settings.offline or len(new) == len(job.wheels):
            return False
        if new:
            part = way.shown(_part(job.lock, new))
            counter = Counter(job, len(new))
            fetched = self._with_pylock(job, [*self._add, *WHEELS], part, _variables(way), counter.line)
            job.log.add(way.told(fetched))
            if not fetched.ok:
                return False
            mark(job.packages, new)
        done = self._with_pylock(job, [*arguments, "--offline"], pylock, {})
        if done.ok:
            job.log.add(done)
        else:
            unmark(job.packages, job.wheels)
        return done.ok

    def _build_sources(self, job: Job) -> None:
        """Build all at once; where that fails, each for itself, with the cures that its words call for."""
        names = ", ".join(f"{artifact.name} {artifact.version}" for artifact in job.sources)
        job.progress.phase("download", "source distributions")
        paths = Fetcher(job).fetch(job.sources)
        sources = [replace(a, url=SafeUrl(p.as_uri())) for a, p in zip(job.sources, paths, strict=True)]
        job.progress.phase("build", names)
        if self._attempt(job, FIRST, sources).ok:
            return
        build_each(sources, lambda artifact: self._build_one(job, artifact))

    def _build_one(self, job: Job, artifact: Artifact) -> EnvbuilderError | None:
        """Return why a source distribution cannot be built, None where it was."""
        first = self._attempt(job, FIRST, [artifact])
        if first.ok:
            return None
        if cause_of(first.stderr) in (Cause.SOURCE, Cause.NETWORK, Cause.TOOL):
            for attempt in cures(first.stderr):
                if self._attempt(job, attempt, [artifact]).ok:
                    return None
        return _unbuilt(artifact, first)

    def _attempt(self, job: Job, attempt: Attempt, artifacts: Sequence[Artifact]) -> Finished:
        job.log.note(f"building {', '.join(a.filename for a in artifacts)} {attempt.title}")
        arguments = [*self._add, "--link-mode", LINK_MODE, *INDEX_FLAGS]
        moment = cutoff(job.lock) if attempt.dated else None
        if moment:
            arguments += ["--exclude-newer", rfc3339(moment)]
        lines = constraints(job.lock, attempt)
        pylock = _part(job.lock, artifacts)
        with neutral_directory(job.scratch) as directory:
            if lines:
                path = directory / "constraints.txt"
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
                arguments += ["--build-constraints", str(path)]
            if attempt.isolated:
                with job.passage() as way:
                    done = way.told(self._with_pylock(job, arguments, pylock, _variables(way)))
            else:
                arguments += ["--no-build-isolation", "--offline"]
                # Old setup.py files fetch what they need by pip or easy_install, whatever their day was.
                variables = job.building_variables() | {"PIP_NO_INDEX": "1"}
                done = self._with_pylock(job, arguments, pylock, variables)
        job.log.add(done)
        return done

    def _with_pylock(
        self,
        job: Job,
        arguments: Sequence[str],
        pylock: str,
        variables: Mapping[str, str],
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        with neutral_directory(job.scratch) as directory:
            path = directory / PYLOCK
            path.write_text(pylock, encoding="utf-8")
            named = ["-r", str(path)] if "install" in arguments else ["--", str(path)]
            offline = ["--offline"] if job.settings.offline and "--offline" not in arguments else []
            cache = job.packages / "uv" if "--no-build" in arguments else job.build_cache
            whole = [*arguments, *offline, "--python", str(job.python), *named]
            return self._run(job, cache, whole, variables, on_line=on_line)

    def _run(
        self,
        job: Job,
        cache: Path,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        *,
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        with neutral_directory(job.scratch) as directory:
            return run(
                [str(self._uv), *FLAGS, "--cache-dir", str(cache), *arguments],
                directory=directory,
                variables={"UV_PYTHON_DOWNLOADS": "never", **variables},
                seconds=SECONDS,
                on_line=on_line,
            )


class Counter:
    """Turns uv's lines into progress: it names the larger files while they come, and tells when all are here."""

    _PREPARED = re.compile(r"Prepared (\d+) package")
    _BEGUN = re.compile(r"^\s*Downloading (\S+)")
    _DONE = re.compile(r"^\s*Downloaded (\S+)")

    def __init__(self, job: Job, total: int) -> None:
        self._progress = job.progress
        self._total = total
        self._done = 0

    def line(self, line: str) -> None:
        """Take one line of stderr."""
        if begun := self._BEGUN.match(line):
            self._progress.phase("download", begun.group(1))
        elif self._DONE.match(line):
            self._done += 1
            self._progress.advance(min(self._done, self._total), self._total)
        elif self._PREPARED.match(line):
            self._progress.advance(self._total, self._total)
            self._progress.phase("install", f"{self._total} packages")


def _variables(way: Passage) -> dict[str, str]:
    return {**way.variables, **index_variables(way.indexes)}


def _part(lock: Lock, artifacts: Sequence[Artifact]) -> str:
    """Return a lock of some of its artifacts as uv reads it."""
    return write_pylock(replace(lock, artifacts=tuple(artifacts), changes=()))


def _unbuilt(artifact: Artifact, done: Finished) -> EnvbuilderError:
    error = failed(done, f"building {artifact.filename}")
    if error.code == Cause.TOOL.value:
        error.code = Cause.SOURCE.value
    return error
