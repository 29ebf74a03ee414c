"""How a trial fails, and the form in which its causes are told."""

from __future__ import annotations

from dataclasses import dataclass, field

from envbuilder.findings import Finding, Level, Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How a trial failed: while the model was loaded (``load``) or asked (``predict``)."""

    stage: str
    code: str
    """The worker's: ``worker/raised``, ``worker/crashed`` …"""
    type_name: str
    """The exception's class there; empty where nothing was raised."""
    message: str
    log: str = field(repr=False)
    """The traceback, or the end of the process's log."""

    @property
    def text(self) -> str:
        """All that was said, the message first."""
        return f"{self.message}\n{self.log}"


def error(code: str, message: str, hint: str, *, origin: Origin | None = None, subject: str = "") -> Finding:
    """Return a finding of level error."""
    return Finding(
        code=code, level=Level.ERROR, message=message, hint=hint, origin=origin, subject=subject or message
    )
