"""The model's own environment files as the rewriting would have them: small text edits, and their diff.

Comments, order, quotes, indentation, line ends, a byte order mark and a missing last line end stay. What
cannot be edited by text safely is told in ``FileEdit.skipped``, never mangled.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from envbuilder.findings import Change
from envbuilder.rewriter.channels import DUPLICATE, IMPLICIT, RESTRICTED
from envbuilder.rewriter.condatext import edited_conda
from envbuilder.rewriter.forge import NOT_ON_FORGE
from envbuilder.rewriter.matchspecs import BUILD_STRING
from envbuilder.rewriter.piptext import EDITABLE_CODES, Repaired, Repairs, repaired, repairs_among
from envbuilder.rewriter.splices import Splice, decoded, row_at, spliced, without_row
from envbuilder.spec import EnvSpec, Rewritten, SourceFile

_CONDA_CODES = frozenset({RESTRICTED, IMPLICIT, BUILD_STRING, DUPLICATE})
_MLMODEL = "MLmodel"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEdit:
    """One file of the model before and after, and the changes that are made in it."""

    path: str
    before: bytes
    after: bytes
    changes: tuple[Change, ...]
    skipped: tuple[Change, ...] = ()
    """Changes that belong into this file and could not be made by editing its text."""


def rewrite_files(rewritten: Rewritten) -> tuple[FileEdit, ...]:
    """Return an edit for each of the model's environment files that has to change, or should and cannot."""
    repairs = repairs_among(rewritten.changes)
    spec = rewritten.original
    edits = []
    for source in spec.provenance.files:
        if source.path == spec.conda_file:
            edits.append(_conda_edit(source, rewritten.changes, repairs))
        elif source.path in _requirement_files(spec):
            edits.append(_requirements_edit(source, rewritten.changes, repairs))
    return tuple(edit for edit in edits if edit.after != edit.before or edit.skipped)


def _requirement_files(spec: EnvSpec) -> frozenset[str]:
    items = (*spec.pypi, *spec.constraints)
    named = {item.origin.file for item in items} | {"requirements.txt"}
    return frozenset(path for path in named if not path.endswith((".yaml", ".yml", _MLMODEL)))


def _conda_edit(source: SourceFile, changes: tuple[Change, ...], repairs: Repairs) -> FileEdit:
    before = decoded(source.content)
    text, edit = edited_conda(before.text, source.path, repairs)
    edited = text != before.text
    own = [change for change in changes if _shows_in(change, source.path)]
    made = tuple(c for c in own if edited and (c.origin is None or c.origin.line in edit.touched))
    told = {change.origin.line for change in made if change.origin}
    # Python's own build is no part of the spec; a repaired line may be one that another file overrules.
    # A name that conda-forge lacks is the file's affair alone: an index may have it.
    more = tuple(
        change
        for line, found in sorted(edit.touched.items())
        for change in found
        if line not in told or change.code == NOT_ON_FORGE
    )
    done = frozenset(made)
    left = (c for c in own if c not in done and c.code != DUPLICATE)
    return FileEdit(
        path=source.path,
        before=source.content,
        after=before.encode(text) if edited else source.content,
        changes=tuple(dict.fromkeys(made + more)),
        skipped=tuple(dict.fromkeys([*left, *edit.skipped])),
    )


def _shows_in(change: Change, path: str) -> bool:
    """Whether a change is one that the conda file's text should show."""
    if change.code not in _CONDA_CODES | EDITABLE_CODES:
        return False
    return change.origin.file == path if change.origin else change.code == IMPLICIT


def _requirements_edit(source: SourceFile, changes: tuple[Change, ...], repairs: Repairs) -> FileEdit:
    before = decoded(source.content)
    splices: list[Splice] = []
    made: list[Change] = []
    for start, line in _rows(before.text):
        found = repaired(line, repairs)
        if isinstance(found, Repaired):
            row = row_at(before.text, start)
            made += found.changes
            if found.text is None:
                splices.append(without_row(before.text, row))
            else:
                splices.append(Splice(start=start, end=start + len(line), text=found.text))
    own = [c for c in changes if c.code in EDITABLE_CODES and c.origin and c.origin.file == source.path]
    done = frozenset(made)
    return FileEdit(
        path=source.path,
        before=source.content,
        after=before.encode(spliced(before.text, splices)) if splices else source.content,
        changes=tuple(dict.fromkeys(made)),
        skipped=tuple(c for c in own if c not in done),
    )


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line without the blanks around it, with the offset where that begins."""
    position = 0
    while position < len(text):
        row = row_at(text, position)
        line = text[row.start : row.end]
        yield row.start + len(line) - len(line.lstrip()), line.strip()
        position = max(row.next, position + 1)


def unified_diff(edit: FileEdit) -> str:
    """Return the edit as a unified diff that ``patch`` takes; empty if nothing changes."""
    before, after = (_lines(decoded(content).text) for content in (edit.before, edit.after))
    lines = difflib.unified_diff(before, after, f"a/{edit.path}", f"b/{edit.path}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Split at line feeds only, as ``diff`` does."""
    return [line for line in text.replace("\n", "\n\0").split("\0") if line]
