"""What is to be told of a finished environment, beside its manifest: a hit that tells nobody never reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.findings import Finding, Level
from envbuilder.store.fields import Fields, Unreadable
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = 1
NAME = "findings.json"


def findings_text(findings: Sequence[Finding]) -> bytes:
    """Return the text to write. Findings of an environment have no place in the model's files and no fix."""
    items = [
        {"code": f.code, "level": f.level.value, "message": f.message, "hint": f.hint, "subject": f.subject}
        for f in findings
    ]
    return json.dumps({"schema": SCHEMA, "findings": items}, indent=1).encode("ascii") + b"\n"


def read_findings(prefix: Path) -> tuple[Finding, ...]:
    """Return the findings of the environment at ``prefix``; none for one of an older envbuilder."""
    try:
        fields = Fields.parse((prefix / FOLDER / NAME).read_bytes(), schema=SCHEMA)
        return tuple(_finding(item) for item in fields.objects("findings"))
    except (OSError, Unreadable, ValueError):
        return ()


def _finding(fields: Fields) -> Finding:
    return Finding(
        code=fields.text("code"),
        level=Level(fields.text("level")),
        message=fields.text("message"),
        hint=fields.text("hint"),
        subject=fields.text("subject"),
    )
