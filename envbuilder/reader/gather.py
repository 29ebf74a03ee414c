"""How reading a model's files reports: findings are gathered, a refusal stops one file or one item."""

from __future__ import annotations

from types import TracebackType

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Finding, Level, Origin


class Refusal(EnvbuilderError):
    """A file or an item of it that is refused; ``finding`` (level ERROR) says why."""

    def __init__(self, code: str, message: str, origin: Origin | None = None, *, hint: str = "") -> None:
        super().__init__(message, code=code, origin=origin, hint=hint)
        self.finding = Finding(code=code, level=Level.ERROR, message=message, origin=origin, hint=hint)


class Missing(Refusal):
    """A file that is named and is not there; who asks decides how much that weighs."""


class Gathering:
    """The findings of one model in the order in which they were met, each once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything so far."""
        return tuple(self._findings)

    @property
    def refused(self) -> bool:
        """Whether something refuses the model: an ``input/…`` or ``archive/…`` finding of level ERROR."""
        return any(finding.refuses for finding in self._findings)

    def add(
        self,
        level: Level,
        code: str,
        message: str,
        origin: Origin | None = None,
        *,
        hint: str = "",
        subject: str = "",
    ) -> None:
        """Report one thing."""
        finding = Finding(code=code, level=level, message=message, origin=origin, hint=hint, subject=subject)
        self._findings.setdefault(finding)

    def warn(
        self, code: str, message: str, origin: Origin | None, *, hint: str = "", subject: str = ""
    ) -> None:
        """Report something odd that does not stop anything."""
        self.add(Level.WARNING, code, message, origin, hint=hint, subject=subject)

    def note(
        self, code: str, message: str, origin: Origin | None, *, hint: str = "", subject: str = ""
    ) -> None:
        """Report something that is good to know."""
        self.add(Level.NOTE, code, message, origin, hint=hint, subject=subject)

    def refuse(self, refusal: Refusal) -> None:
        """Report a refusal that was caught."""
        self._findings.setdefault(refusal.finding)

    def refusals(self) -> _Refusals:
        """Turn a refusal inside the ``with`` block into a finding; what follows the block goes on."""
        return _Refusals(self)


class _Refusals:
    """Not a generator, so that type checkers see that it swallows what it catches."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Refusal):
            self._gathering.refuse(error)
            return True
        return False
