"""Judgements by content: models whose files are the same are judged once.

Two models are the same where the names at their roots, the bytes of their environment files and the bytes
of MLmodel agree, but for what every logging writes anew into MLmodel (identifiers, sizes, the time). A
value that shows anywhere in the judgement counts as content all the same.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from envbuilder.auditor.discovery import ENVIRONMENT_FILES, Found
from envbuilder.auditor.judging import Terms, folder_of, report_of
from envbuilder.errors import EnvbuilderError
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.mlmodel import PATH as MLMODEL
from envbuilder.reader.mlmodel import utc_time
from envbuilder.reader.model import examine_model
from envbuilder.report.report import ModelReport, Skipped
from envbuilder.spec import EnvSpec

KEPT = 20_000
"""Judgements that are remembered; a registry has fewer kinds of models."""

_KEYED = tuple(sorted({MLMODEL, *ENVIRONMENT_FILES, "pyproject.toml"}))
_DOOR = frozenset(
    f"input/{what}" for what in ("symlink", "not-a-regular-file", "unreadable", "too-long", "too-many")
)
"""Refusals that may tell of a file whose bytes nobody has."""

_NOT_MODULES = frozenset({"code", "test"})

_VARYING = re.compile(
    rb"^(?P<key>run_id|model_uuid|model_id|model_size_bytes|utc_time_created): "
    rb"(?P<value>(?:m-)?[0-9a-f]{32}|[1-9][0-9]{3,18}|'?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15}'?)(?=\r?$)",
    re.MULTILINE,
)
"""Top-level lines of MLmodel, just as MLflow writes them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    """What a model's judgement depends on: its key, and the values that were left out of the key."""

    key: bytes
    files: tuple[tuple[str, str], ...]
    """Name and sha256."""
    varying: tuple[str, ...]
    created: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """A judgement, and what else it was made of: files that were read, files that were not there."""

    report: ModelReport
    also: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


class Memory:
    """Judges models and remembers the judgements. Not for several threads."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._judged: dict[bytes, _Judged] = {}

    def judge(self, found: Found) -> ModelReport | Skipped:
        """Judge a model, or tell again what was judged of the same one; Skipped where none can be read."""
        try:
            with Directory(Path(found.path)) as directory:
                content = _content(directory, found.path)
                known = self._judged.get(content.key) if content else None
                if content and known and _still(known, directory):
                    return _retold(known.report, found, content)
        except EnvbuilderError:
            content = None  # one file, or no folder that can be opened
        return self._anew(found, content)

    def _anew(self, found: Found, content: _Content | None) -> ModelReport | Skipped:
        try:
            spec = examine_model(Path(found.path), name=found.name)
        except EnvbuilderError as error:
            return Skipped(path=found.name, reason=error.message)
        report = report_of(found, spec, self._terms)
        if content and _describes(content, report, spec) and len(self._judged) < KEPT:
            self._judged[content.key] = _judged(report, spec)
        return report


def _content(directory: Directory, path: str) -> _Content | None:
    """Return a model's content, None where more than names and bytes could matter, or a file is refused."""
    names = list(_names(path))
    if None in names:
        return None
    state = hashlib.sha256("\0".join(sorted(name or "" for name in names)).encode("utf-8", "surrogateescape"))
    files: list[tuple[str, str]] = []
    skeleton = _Skeleton()
    for name in _KEYED:
        if f"-{name}" in names:
            limit = limits.MLMODEL_BYTES if name == MLMODEL else limits.ENVIRONMENT_FILE_BYTES
            try:
                source = directory.read(name, limit=limit)
            except EnvbuilderError:
                return None
            files.append((name, source.sha256))
            digest = skeleton.digest(source.content) if name == MLMODEL else source.sha256
            state.update(f"\0{name}\0{digest}".encode())
    return _Content(
        key=state.digest(), files=tuple(files), varying=tuple(skeleton.varying), created=skeleton.created
    )


def _names(path: str) -> Iterator[str | None]:
    """Yield what stands at a model's root: ``-`` and the name of a file, ``d`` of a folder; None if unclear."""
    try:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                file, folder = entry.is_file(follow_symlinks=False), entry.is_dir(follow_symlinks=False)
                shadow = entry.name in sys.stdlib_module_names and entry.name not in _NOT_MODULES
                if number >= limits.DIRECTORY_ENTRIES or not (file or folder) or (folder and shadow):
                    yield None
                    return
                yield f"{'d' if folder else '-'}{entry.name}"
    except (OSError, ValueError):
        yield None


class _Skeleton:
    """An MLmodel without the values that vary."""

    def __init__(self) -> None:
        self.varying: list[str] = []
        self.created: datetime.datetime | None = None

    def digest(self, content: bytes) -> str:
        """Take the values out; return the sha256 of the rest."""
        return hashlib.sha256(_VARYING.sub(self._take, content)).hexdigest()

    def _take(self, found: re.Match[bytes]) -> bytes:
        value = found["value"].decode("ascii").strip("'")
        if found["key"] == b"utc_time_created":
            self.created = utc_time(value)
            if self.created is None:
                return found[0]
        self.varying.append(value)
        return found["key"] + b": \0"


def _describes(content: _Content, report: ModelReport, spec: EnvSpec) -> bool:
    """Whether the judgement is the same for every model of this content."""
    keyed = dict(content.files)
    if any(keyed.get(file.path, file.sha256) != file.sha256 for file in spec.provenance.files):
        return False  # written meanwhile
    if any(finding.refuses and finding.code in _DOOR for finding in report.findings):
        return False
    shown = "\n".join(_texts(report))
    return report.created == content.created and not any(value in shown for value in content.varying)


def _texts(report: ModelReport) -> Iterable[str]:
    yield from (report.mlflow_version or "", report.python or "", *report.channels)
    for finding in report.findings:
        yield from (finding.message, finding.hint, finding.subject, str(finding.origin))
        if finding.fix:
            yield from (finding.fix.before, finding.fix.after)


def _judged(report: ModelReport, spec: EnvSpec) -> _Judged:
    files = spec.provenance.files
    return _Judged(
        report=report,
        also=tuple((file.path, file.sha256) for file in files if file.path not in _KEYED),
        absent=tuple(path for path in spec.provenance.absent if "/" in path),
    )


def _still(known: _Judged, directory: Directory) -> bool:
    """Whether the files beside the usual ones are as they were in the model that was judged."""
    try:
        return all(directory.digest(path) == digest for path, digest in known.also) and not any(
            directory.has(path) for path in known.absent
        )
    except EnvbuilderError:
        return False


def _retold(report: ModelReport, found: Found, content: _Content) -> ModelReport:
    return replace(report, model=found.name, folder=folder_of(found), created=content.created)
