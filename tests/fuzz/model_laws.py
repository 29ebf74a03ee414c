"""What must hold for a model, whatever its files hold: reading, rewriting, editing, reporting."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from envbuilder.auditor.baseline import baseline_text, read_baseline
from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, report_of
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Level, Origin
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.model import examine_model, read_model
from envbuilder.redact import MASK
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.report import Report
from envbuilder.rewriter.files import rewrite_files, unified_diff
from envbuilder.rewriter.forge import lacking
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.rewriter.splices import decoded
from envbuilder.spec import EnvSpec, PypiRequirement, Rewritten
from tests.fuzz.judging import bounded, harmless, hold, told

NOWHERE = Origin(file="x")
MANY = 64
"""Findings from which on a report is written in two formats only: the others are as slow."""

TERMS = Terms(today=datetime.date(2026, 1, 1))
NAMES = (
    "MLmodel", "conda.yaml", "requirements.txt", "python_env.yaml", "constraints.txt", "a.txt", "code/b.txt",
    "wheels/a-1.0-py3-none-any.whl", "uv.toml", "pip.conf", "pyproject.toml", "conda.yml",
)  # fmt: skip
"""Files of a model that holds several; a piece begins with the number of its name, or with L for a link."""


def single(name: str, content: bytes, folder: Path) -> None:
    """Judge a model of one file."""
    (folder / "model").mkdir()
    (folder / "model" / name).write_bytes(content)
    model(folder / "model", folder)


def several(content: bytes, folder: Path) -> None:
    """Judge a model of several files: pieces between 0xFF, each a byte for its name and the rest for its content."""
    root = folder / "model"
    root.mkdir()
    for piece in content.split(b"\xff")[:16]:
        if piece[:1] == b"L" and len(piece) > 2:
            _link(root / NAMES[piece[1] % len(NAMES)], piece[2:])
        elif piece:
            _file(root / NAMES[piece[0] % len(NAMES)], piece[1:])
    model(root, folder)


def _file(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    if not path.is_symlink():
        path.write_bytes(content)


def _link(path: Path, target: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    text = target[:200].decode("utf-8", "replace").replace("\0", "")
    # Asked first: a link that leads to a name too long raises where it is followed.
    if text and not path.is_symlink() and not path.exists():
        path.symlink_to(text)


def model(root: Path, scratch: Path) -> None:
    """Judge a model in a folder; ``scratch`` is for what is written of it."""
    try:
        with bounded("reading"):
            spec = examine_model(root, name="m")
    except EnvbuilderError as error:
        told(error)
        return
    for finding in spec.findings:
        harmless(finding.message + finding.hint + str(finding.origin or ""), finding.code)
    _reported(spec, root, scratch)
    if any(finding.refuses for finding in spec.findings):
        return
    with bounded("rewriting"):
        rewritten = rewrite(spec)
    again = rewrite(rewritten.spec)
    hold(not again.changes, "rewriting twice changes more", again.changes)
    hold((again.spec, again.spec_id) == (rewritten.spec, rewritten.spec_id), "rewriting twice differs")
    for_conda = rewrite(spec, conda=True)
    again = rewrite(for_conda.spec, conda=True)
    hold(not again.changes and again.spec == for_conda.spec, "rewriting twice for conda", again.changes)
    _emitted(spec, scratch / "emitted")
    _edited(rewritten, scratch / "edited")


def _reported(spec: EnvSpec, root: Path, scratch: Path) -> None:
    with bounded("judging"):
        judged = report_of(Found(path=str(root), name="m"), spec, TERMS)
    report = Report(models=(judged,), today=TERMS.today)
    for name in FORMATS if len(judged.findings) < MANY else ("text", "json"):
        with bounded(name):
            text = "".join(writer(name)(report, fail_on=Level.ERROR))
        harmless(text, name, lines=True)
        well_formed(name, text)
    (scratch / "baseline").write_text("".join(baseline_text(report)), "ascii")
    kept = read_baseline(scratch / "baseline").without_known(judged)
    hold(not kept.findings, "a baseline does not know its own report", kept.findings)


def well_formed(name: str, text: str) -> None:
    """Hold that a report can be read as its format."""
    if name in {"json", "sarif", "cyclonedx"}:
        json.loads(text)
    elif name == "junit":
        ET.fromstring(text)
    elif name == "github":
        *commands, _ = text.splitlines()
        hold(all(line.startswith("::") for line in commands), "a line is no command", commands)


def _emitted(spec: EnvSpec, folder: Path) -> None:
    """Hold that what is written of a spec is read as the same wishes."""
    folder.mkdir()
    (folder / "constraints.txt").write_text("".join(map(_line, spec.constraints)), "utf-8")
    lines = "-c constraints.txt\n" + "".join(map(_line, spec.pypi))
    (folder / "requirements.txt").write_text(lines, "utf-8")
    again = read_model(folder)
    hold(_wishes(again.pypi) == _wishes(spec.pypi), "requirements", spec.pypi, again.pypi)
    hold(_wishes(again.constraints) == _wishes(spec.constraints), "constraints", spec.constraints)
    for wish in spec.conda:
        if MASK not in wish.text:
            found = replace(read_matchspec(wish.text, NOWHERE), origin=wish.origin)
            hold(found == wish, "a match specification", wish, found)


def _line(item: PypiRequirement) -> str:
    return " ".join([item.text, *(f"--hash={value}" for value in item.hashes)]) + "\n"


def _wishes(items: tuple[PypiRequirement, ...]) -> set[PypiRequirement]:
    return {replace(item, origin=NOWHERE, primary=True) for item in items}


def _edited(rewritten: Rewritten, folder: Path) -> None:
    """Hold that the edited files are a model again, one that asks for the same and needs no edit."""
    with bounded("editing"):
        edits = {edit.path: edit for edit in rewrite_files(rewritten)}
    for edit in edits.values():
        hold(bool(unified_diff(edit)) == (edit.after != edit.before), "a diff", edit.path)
        decoded(edit.after)
    for source in rewritten.original.provenance.files:
        path = folder / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(edits[source.path].after if source.path in edits else source.content)
    again = rewrite(read_model(folder, name="m"))
    left = [edit for edit in rewrite_files(again) if edit.after != edit.before]
    hold(not left, "an edited file is edited again", left)
    if not any(edit.skipped for edit in edits.values()) and not rewritten.spec.direct:
        undecided = {item.name for item in rewritten.spec.conda} & lacking().keys()
        hold(
            undecided or again.spec_id == rewritten.spec_id,
            "the edited model asks for something else",
            again.spec,
        )
        before, after = (rewrite(found.original, conda=True) for found in (rewritten, again))
        hold(before.spec_id == after.spec_id, "the edited model asks conda for something else", after.spec)
