"""What ``envbuilder rewrite`` would make of the lines that findings are about."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from envbuilder.channels import CONDA_FORGE, NODEFAULTS
from envbuilder.findings import Finding, Fix
from envbuilder.rewriter.channels import IMPLICIT, RESTRICTED
from envbuilder.rewriter.files import FileEdit
from envbuilder.rewriter.repairs import DUMMY, LOCAL
from envbuilder.rewriter.splices import decoded

_DESCRIPTIONS = {
    RESTRICTED: f"{CONDA_FORGE} takes the place of the licensed channel",
    IMPLICIT: f"{NODEFAULTS} keeps conda's default channels away",
    LOCAL: "the same release without its local label",
    DUMMY: "scikit-learn takes the place of the dummy package",
    "input/malformed-requirement": "two equals signs, as pip reads them",
}
"""The findings that rewriting can mend."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hunk:
    """Lines that an edit replaces: the first of them and the one behind the last, counted from 1."""

    start: int
    end: int
    before: str
    after: str


def with_fixes(findings: tuple[Finding, ...], edits: tuple[FileEdit, ...]) -> tuple[Finding, ...]:
    """Return the findings, those that the edits mend with their fix."""
    if not edits:
        return findings
    hunks = {edit.path: _hunks(edit) for edit in edits}
    return tuple(_fixed(finding, hunks) for finding in findings)


def _hunks(edit: FileEdit) -> tuple[_Hunk, ...]:
    before, after = (decoded(content).text.splitlines(keepends=True) for content in (edit.before, edit.after))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return tuple(
        _Hunk(start=i1 + 1, end=i2 + 1, before="".join(before[i1:i2]), after="".join(after[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def _fixed(finding: Finding, hunks: Mapping[str, tuple[_Hunk, ...]]) -> Finding:
    if finding.origin is None or finding.code not in _DESCRIPTIONS or finding.refuses:
        return finding
    own = hunks.get(finding.origin.file, ())
    hunk = next((hunk for hunk in own if hunk.start <= finding.origin.line < hunk.end), None)
    if hunk is None and finding.code == IMPLICIT:
        hunk = next((hunk for hunk in own if NODEFAULTS in hunk.after), None)
    if hunk is None:
        return finding
    fix = Fix(description=_DESCRIPTIONS[finding.code], before=hunk.before, after=hunk.after)
    return replace(finding, fix=fix)
