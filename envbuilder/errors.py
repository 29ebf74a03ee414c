"""The one root of everything envbuilder raises on purpose, and its kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envbuilder.redact import visible

if TYPE_CHECKING:
    from envbuilder.findings import Finding, Origin


class EnvbuilderError(Exception):
    """Something could not be done: what (message), where (origin), and what to do next (hint).

    ``str()`` is the text for people, one line each for place, what and cure, safe for a terminal.
    """

    default_code = "internal/error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        origin: Origin | None = None,
        hint: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.origin = origin
        self.hint = hint
        self.detail = detail
        """Longer text that a person may need: the end of a log, a resolver's own explanation."""

    def __str__(self) -> str:
        lines = [_line(self.code, self.origin, self.message)]
        if self.detail:
            lines.append(visible(self.detail.rstrip(), newlines=True))
        if self.hint:
            lines.append(visible(f"hint: {self.hint}"))
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling: an error of a worker process must reach the one that waits for it."""
        return _rebuilt, (type(self), self.args), self.__dict__


def _rebuilt(kind: type[EnvbuilderError], args: tuple[Any, ...]) -> EnvbuilderError:
    return kind.__new__(kind, *args)


def _line(code: str, origin: Origin | None, message: str) -> str:
    place = f"{origin} " if origin else ""
    return visible(f"{code}: {place}{message}")


class UsageError(EnvbuilderError):
    """The caller asked for something that has no meaning."""

    default_code = "usage/invalid"


class InputRefused(EnvbuilderError):
    """The model's files were refused. ``findings`` holds all that was found, the refusals first."""

    default_code = "input/refused"

    def __init__(self, findings: tuple[Finding, ...], *, model: str = "") -> None:
        refusals = [f for f in findings if f.refuses]
        first = refusals[0]
        super().__init__(first.message, code=first.code, origin=first.origin, hint=first.hint)
        self.model = model
        self.refusals = tuple(refusals)
        self.findings = tuple(refusals) + tuple(f for f in findings if not f.refuses)

    def __str__(self) -> str:
        return _listed(self.refusals)


def _listed(findings: tuple[Finding, ...]) -> str:
    lines = []
    for finding in findings:
        lines.append(_line(finding.code, finding.origin, finding.message))
        if finding.hint:
            lines.append(visible(f"hint: {finding.hint}"))
    return "\n".join(lines)


class PolicyError(EnvbuilderError):
    """The policy file cannot be read, or it forbids what would have to be done."""

    default_code = "policy/invalid"


class PolicyRefused(PolicyError):
    """Keys or values of the policy file are wrong. ``refusals`` holds all of them, in the file's order."""

    def __init__(self, refusals: tuple[Finding, ...]) -> None:
        first = refusals[0]
        super().__init__(first.message, code=first.code, origin=first.origin, hint=first.hint)
        self.refusals = refusals

    def __str__(self) -> str:
        return _listed(self.refusals)


class InterpreterError(EnvbuilderError):
    """No interpreter that fits could be had; the detail lists what was looked at."""

    default_code = "python/not-found"


class ResolveError(EnvbuilderError):
    """No lock: ``requirements`` names the lines at fault as (origin, text)."""

    default_code = "resolve/no-solution"

    def __init__(
        self,
        message: str,
        *,
        requirements: tuple[tuple[Origin, str], ...] = (),
        code: str | None = None,
        origin: Origin | None = None,
        hint: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message, code=code, origin=origin, hint=hint, detail=detail)
        self.requirements = requirements


class BuildError(EnvbuilderError):
    """A lock could not be made into an environment that works."""

    default_code = "build/failed"


class StoreError(EnvbuilderError):
    """The store cannot be read or written; nothing in it was harmed."""

    default_code = "store/unusable"


class ToolError(EnvbuilderError):
    """A tool that we start (uv, pip, an interpreter) is missing, hung or was killed."""

    default_code = "tool/failed"
