"""From an error to what a person or a machine reads, and to the exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from envbuilder.cli.terminal import BOLD, RED, YELLOW, say, styled
from envbuilder.errors import EnvbuilderError, InputRefused, PolicyRefused, ResolveError
from envbuilder.redact import visible
from envbuilder.report.objects import finding_object, place_of

if TYPE_CHECKING:
    from envbuilder.findings import Finding, Origin

CLEAN, FINDINGS, IMPOSSIBLE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes (interface): done; findings at level error; it could not be done; Ctrl-C."""


def report_failure(error: EnvbuilderError, *, machine: bool) -> int:
    """Tell what could not be done, on stderr and, for ``machine``, as one JSON object; return the exit code."""
    for line in error_lines(error):
        say(line)
    if machine:
        sys.stdout.write(json.dumps({"schema": 1, "error": _error_object(error)}) + "\n")
    return IMPOSSIBLE


def error_lines(error: EnvbuilderError) -> list[str]:
    """Return an error as lines for a person: code, place, what, the lines at fault, the cure."""
    if isinstance(error, InputRefused | PolicyRefused):
        return [line for finding in error.refusals for line in finding_lines(finding)]
    lines = _message(error.code, error.origin, error.message, "error", RED)
    if isinstance(error, ResolveError):
        lines += [f"  {origin}: {visible(text)}" for origin, text in error.requirements]
    lines += [f"  {visible(line)}" for line in error.detail.splitlines()]
    return lines + _hint(error.hint)


def finding_lines(finding: Finding) -> list[str]:
    """Return a finding as lines for a person: level, code, place, message; then the cure."""
    style = RED if finding.level.value == "error" else YELLOW
    lines = _message(finding.code, finding.origin, finding.message, finding.level.value, style)
    return lines + _hint(finding.hint)


def _message(code: str, origin: Origin | None, message: str, level: str, style: str) -> list[str]:
    place = f" {visible(str(origin))}" if origin else ""
    return [f"{styled(level, style)}[{code}]{place}: {visible(message)}"]


def _hint(hint: str) -> list[str]:
    return [f"  {styled('hint', BOLD)}: {visible(hint)}"] if hint else []


def _error_object(error: EnvbuilderError) -> dict[str, Any]:
    from envbuilder.archives.faults import ArchiveRefused

    findings = error.refusals if isinstance(error, InputRefused | PolicyRefused | ArchiveRefused) else ()
    requirements = error.requirements if isinstance(error, ResolveError) else ()
    return {
        "code": error.code,
        "message": error.message,
        **place_of(error.origin),
        "hint": error.hint or None,
        "detail": error.detail or None,
        "findings": [finding_object(finding) for finding in findings],
        "requirements": [{"text": text, **place_of(origin)} for origin, text in requirements],
    }
