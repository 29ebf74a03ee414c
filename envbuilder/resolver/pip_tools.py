"""The engine for hosts without uv: pip-compile and pip's own view of the index, as subprocesses."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from envbuilder.errors import ToolError, UsageError
from envbuilder.policy import Builds
from envbuilder.process import neutral_directory, run
from envbuilder.relay.passage import Passage, passage
from envbuilder.resolver.archives import archive_of
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.engine import Answer, Candidate, Failure, FailureKind, Question, Solution
from envbuilder.resolver.permits import with_permits
from envbuilder.resolver.pip_environment import compiler, host_python, refuse_undatable
from envbuilder.resolver.pip_listing import Offer, candidate, pick, read_listing
from envbuilder.resolver.pip_words import read_failure
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from envbuilder.environment import Interpreter
    from envbuilder.redact import SafeUrl
    from envbuilder.settings import Settings

FLAGS = (
    "--quiet", "--no-config", "--no-header", "--no-annotate", "--strip-extras", "--allow-unsafe",
    "--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options",
    "--resolver", "backtracking",
)  # fmt: skip

LINKS = Path(__file__).with_name("pip_links.py")


class PipToolsEngine:
    """Resolves with pip-compile under the target's own minor version of Python, on this host only.

    pip-compile chooses the releases; file names, hashes and upload times come from the index through pip
    (``pip-compile --generate-hashes`` would download every file to hash it where the index tells already).
    ``index`` as for the uv engine, but one only: pip asks all indexes at once, so a second one could slip in
    a higher version of any package. Raises ToolError without pip and pip-tools, UsageError for two indexes.
    """

    name = "pip"

    def __init__(
        self, *, settings: Settings, cache: Path, index: Sequence[SafeUrl] = (), builds: Builds | None = None
    ) -> None:
        if len(index) > 1:
            raise UsageError("pip cannot ask several indexes in order", hint="use --engine uv")
        self._settings = settings
        self._cache = cache.absolute()
        self._index = index[0] if index else settings.index
        self._builds = builds or Builds()
        self._host = host_python()
        self._offers: dict[PypiName, tuple[Offer, ...]] = {}

    def solve(self, question: Question) -> Answer:
        """Answer one question. Raises UsageError for what pip cannot do: foreign targets, old dates, offline."""
        interpreter = self._admitted(question)
        if question.overrides or question.exempt:
            text = "pip has no overrides and no exceptions from its cut-off"
            return Failure(kind=FailureKind.NO_SOLUTION, text=text)
        if not question.dependencies:
            return self._pick(question)
        compiled = with_permits(
            question, self._builds, lambda again, sources: self._compile(again, interpreter, sources)
        )
        if isinstance(compiled, Failure):
            return self._looked_into(compiled)
        return self._with_files(compiled, question)

    def _looked_into(self, failure: Failure) -> Failure:
        """Tell an index that has nothing from one that stumbles: pip passes both over without a word."""
        if failure.kind is not FailureKind.NO_SOLUTION:
            return failure
        unlisted = self._list(failure.packages)
        return unlisted if unlisted and unlisted.kind is FailureKind.NETWORK else failure

    def _with_files(self, compiled: Sequence[Requirement], question: Question) -> Answer:
        direct = [archive_of(requirement) for requirement in compiled if requirement.url]
        pins = {PypiName(canonicalize_name(pin.name)): pin for pin in compiled if not pin.url}
        if failure := self._list(pins):
            return failure
        chosen = [
            candidate(name, Version(next(iter(pin.specifier)).version), self._offers[name], question)
            for name, pin in pins.items()
        ]
        return Solution(candidates=tuple(sorted([*chosen, *direct], key=lambda c: c.name)))

    def _admitted(self, question: Question) -> Interpreter:
        if question.interpreter is None:
            raise UsageError(
                f"pip cannot resolve for python {question.target.python} on {question.target.platform} from here",
                code="engine/pip-foreign",
                hint="install that python, or use --engine uv",
            )
        if self._settings.offline:
            raise UsageError(
                "pip asks the index for every resolution", code="engine/pip-offline", hint="use --engine uv"
            )
        if question.cutoff:
            refuse_undatable(question.interpreter.release[:2])
        return question.interpreter

    def _pick(self, question: Question) -> Answer:
        """Without dependencies there is nothing to resolve: the newest release of each that fits."""
        environment = {"python_full_version": question.target.python}
        environment["python_version"] = ".".join(question.target.python.split(".")[:2])
        wanted = [Requirement(text) for text in question.requirements]
        wanted = [r for r in wanted if r.marker is None or r.marker.evaluate(dict(environment))]
        if failure := self._list(PypiName(canonicalize_name(r.name)) for r in wanted if not r.url):
            return failure
        found: dict[PypiName, Candidate] = {}
        for requirement in wanted:
            name = PypiName(canonicalize_name(requirement.name))
            chosen = (
                archive_of(requirement)
                if requirement.url
                else pick(requirement, self._offers[name], question)
            )
            if isinstance(chosen, Failure):
                return chosen
            if name in found and found[name].version != chosen.version:
                return Failure(
                    kind=FailureKind.NO_SOLUTION, text=f"{name} is asked for twice", packages=(name,)
                )
            found[name] = chosen
        return Solution(candidates=tuple(sorted(found.values(), key=lambda c: c.name)))

    def _compile(
        self, question: Question, interpreter: Interpreter, sources: tuple[PypiName, ...]
    ) -> list[Requirement] | Failure:
        with self._passage() as way, neutral_directory() as directory:
            variables = _variables(way)
            python = compiler(
                interpreter, folder=self._cache / "tools", variables=variables, index=_index_arguments(way)
            )
            source, output = directory / "requirements.in", directory / "requirements.txt"
            source.write_text(way.shown("\n".join(question.requirements) + "\n"), encoding="utf-8")
            argv = [
                str(python),
                "-I",
                "-m",
                "piptools",
                "compile",
                *FLAGS,
                *self._arguments(question, directory, sources),
                *_index_arguments(way),
            ]
            done = run(
                [*argv, "--output-file", str(output), "--", str(source)],
                directory=directory,
                variables=variables,
            )
            if not done.ok:
                return read_failure(way.told(done).stderr)
            return _read_pins(way.real(output.read_text(encoding="utf-8")))

    def _arguments(self, question: Question, directory: Path, sources: tuple[PypiName, ...]) -> list[str]:
        pip = ["--isolated", "--no-input", f"--cache-dir={self._cache / 'pip'}"]
        pip += [] if self._builds.sdist == "locked" else ["--only-binary=:all:"]
        pip += [f"--no-binary={name}" for name in sources]
        pip += [f"--only-binary={name}" for name in question.wheels_only]
        arguments = ["--cache-dir", str(self._cache / "pip-tools"), f"--pip-args={shlex.join(pip)}"]
        arguments += ["--uploaded-prior-to", rfc3339(question.cutoff)] if question.cutoff else []
        arguments += ["--pre"] if question.prereleases else []
        if question.constraints:
            path = directory / "constraints.txt"
            path.write_text("\n".join(question.constraints) + "\n", encoding="utf-8")
            arguments += ["--constraint", str(path)]
        return arguments

    def _passage(self) -> AbstractContextManager[Passage]:
        index = (self._index,) if self._index else ()
        return passage(indexes=index, variables=dict(self._settings.tool_variables))

    def _list(self, names: Iterable[PypiName]) -> Failure | None:
        """Learn what the index offers for those projects; each is asked once."""
        new = sorted({name for name in names if name not in self._offers})
        if not new:
            return None
        with self._passage() as way, neutral_directory() as directory:
            output = directory / "links.json"
            argv = [str(self._host), "-I", str(LINKS), str(output), f"--cache-dir={self._cache / 'pip'}"]
            argv += [*_index_arguments(way), "--", *new]
            done = way.told(run(argv, directory=directory, variables=_variables(way)))
            if not done.ok:
                return read_failure(done.stderr)
            text = way.real(output.read_text(encoding="ascii"))
        try:
            self._offers |= read_listing(text)
        except (ValueError, KeyError, TypeError):
            raise ToolError("pip's answer cannot be read", hint='update: "envbuilder[pip]"') from None
        return None


def _variables(way: Passage) -> dict[str, str]:
    return {**way.variables, "PIP_CONFIG_FILE": os.devnull}


def _index_arguments(way: Passage) -> list[str]:
    trusted = [argument for host in way.hosts for argument in ("--trusted-host", host)]
    return [argument for url in way.indexes for argument in ("--index-url", url)] + trusted


def _read_pins(text: str) -> list[Requirement]:
    lines = [line.strip() for line in text.splitlines()]
    try:
        return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    except InvalidRequirement:
        raise ToolError("pip-compile's answer cannot be read", hint="update pip-tools") from None
