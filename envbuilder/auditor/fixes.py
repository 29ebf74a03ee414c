"""What ``envbuilder rewrite`` would make of the lines that findings are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from envbuilder.channels import CONDA_FORGE, NODEFAULTS
from envbuilder.findings import Finding, Fix
from envbuilder.redact import masked
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

_NEAR = 12
"""Lines within which an edit's two sides meet again."""

_SHOWN = 4000
"""Characters of a fix; of a longer one (a list on one line of a megabyte) only the description is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hunk:
    """Lines that an edit replaces: the first of them and the one behind the last, counted from 1."""

    start: int
    end: int
    before: str
    after: str

    def joined(self, later: _Hunk, between: str) -> _Hunk:
        """Return this hunk and a later one as one, with the lines between them that stay."""
        return _Hunk(
            start=self.start,
            end=later.end,
            before=self.before + between + later.before,
            after=self.after + between + later.after,
        )


def with_fixes(findings: tuple[Finding, ...], edits: tuple[FileEdit, ...]) -> tuple[Finding, ...]:
    """Return the findings, those that the edits mend with their fix."""
    if not edits:
        return findings
    pieces = {edit.path: _Pieces(_hunks(edit), _lines(edit.before)) for edit in edits}
    return tuple(_fixed(finding, pieces) for finding in findings)


class _Pieces:
    """The hunks of a file, by the lines that they replace."""

    def __init__(self, hunks: tuple[_Hunk, ...], lines: list[str]) -> None:
        self._hunks = hunks
        self._lines = lines
        self._by_line = {line: number for number, h in enumerate(hunks) for line in range(h.start, h.end)}
        self._excluding = next((n for n, hunk in enumerate(hunks) if NODEFAULTS in hunk.after), None)

    def find(self, finding: Finding) -> _Hunk | None:
        """Return what mends a finding: the hunk at its line, or the one that adds ``nodefaults``."""
        at = self._by_line.get(finding.origin.line) if finding.origin else None
        if at is None:
            at = self._excluding if finding.code == IMPLICIT else None
        if at is None:
            return None
        return self._excluded(at) if finding.code == RESTRICTED else self._hunks[at]

    def _excluded(self, at: int) -> _Hunk:
        """Return a hunk of the list of channels up to the one that ends it with ``nodefaults``.

        The first alone would mend nothing: conda adds ``defaults`` to a list that does not exclude it.
        """
        hunk = self._hunks[at]
        last = self._excluding
        if last is None or not 0 < self._hunks[last].start - hunk.end + 1 <= _NEAR:
            return hunk
        joined = hunk
        for later in self._hunks[at + 1 : last + 1]:
            between = self._lines[joined.end - 1 : later.start - 1]
            if not all(line.lstrip().startswith(("-", "#")) for line in between):
                return hunk  # another list, such as the dependencies
            joined = joined.joined(later, _text(between))
        return joined


def _lines(content: bytes) -> list[str]:
    """Return the lines of a file, masked as every text of the model that is shown: one may hold a password."""
    return masked(decoded(content).text).split("\n")


def _hunks(edit: FileEdit) -> tuple[_Hunk, ...]:
    """Return the lines that differ, in small pieces, in linear time: a file may have 20,000 lines."""
    before, after = _lines(edit.before), _lines(edit.after)
    hunks: list[_Hunk] = []
    i = j = 0
    while i < len(before) or j < len(after):
        if before[i : i + 1] == after[j : j + 1]:
            i, j = i + 1, j + 1
            continue
        removed, added = _resumed(before, after, i, j)
        if removed == added:
            removed = added = 1  # a line for a line
        old, new = before[i : i + removed], after[j : j + added]
        hunks.append(_Hunk(start=i + 1, end=i + removed + 1, before=_text(old), after=_text(new)))
        i, j = i + removed, j + added
    return tuple(hunks)


def _resumed(before: list[str], after: list[str], i: int, j: int) -> tuple[int, int]:
    """Return how many lines on each side differ until they agree again; one each where that is far off."""
    for total in range(1, _NEAR + 1):
        for removed in range(total + 1):
            old, new = i + removed, j + total - removed
            if before[old : old + 1] == after[new : new + 1] and old <= len(before) and new <= len(after):
                return removed, total - removed
    return min(1, len(before) - i), min(1, len(after) - j)


def _text(lines: list[str]) -> str:
    return "".join(f"{line.removesuffix(chr(13))}\n" for line in lines)


def _fixed(finding: Finding, pieces: Mapping[str, _Pieces]) -> Finding:
    if finding.origin is None or finding.code not in _DESCRIPTIONS or finding.refuses:
        return finding
    own = pieces.get(finding.origin.file)
    hunk = own.find(finding) if own else None
    if hunk is None:
        return finding
    short = len(hunk.before) + len(hunk.after) <= _SHOWN
    fix = Fix(
        description=_DESCRIPTIONS[finding.code],
        before=hunk.before if short else "",
        after=hunk.after if short else "",
    )
    return replace(finding, fix=fix)
