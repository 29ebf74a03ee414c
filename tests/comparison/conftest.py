from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, report_of
from envbuilder.comparison.subject import Subject
from envbuilder.lock import Artifact, Kind, Lock, Target
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import PypiName

Subjects = Callable[..., Subject]


def lock_of(pins: dict[str, str], *, python: str = "3.8.18", spec_id: str = "5" * 64) -> Lock:
    """A lock of these versions; ``1.0#2`` is another file of version 1.0, ``1.0!`` a source distribution."""
    return Lock(
        target=Target(python=python, platform="linux-x86_64", floor="glibc-2.36"),
        artifacts=tuple(_artifact(name, text) for name, text in sorted(pins.items())),
        spec_id=spec_id,
        engine="uv",
        as_of=datetime.datetime(2021, 3, 1, tzinfo=datetime.timezone.utc),
    )


def _artifact(name: str, text: str) -> Artifact:
    version = text.partition("#")[0].removesuffix("!")
    kind = Kind.SDIST if text.endswith("!") else Kind.WHEEL
    filename = f"{name}-{version}.{'tar.gz' if kind is Kind.SDIST else 'whl'}"
    return Artifact(
        name=PypiName(name), version=version, kind=kind, filename=filename,
        url=SafeUrl(f"https://example.org/{filename}"), sha256=hashlib.sha256(f"{name} {text}".encode()).hexdigest(),
    )  # fmt: skip


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subjects:
    """Write a model of these files as ``name``, and lock it to ``pins`` unless they are None."""
    monkeypatch.chdir(tmp_path)

    def call(
        name: str, files: dict[str, str], pins: dict[str, str] | None = None, *, python: str = "3.8.18"
    ) -> Subject:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, "utf-8")
        spec = read_model(folder)
        report = report_of(Found(path=name, name=name), spec, Terms(today=datetime.date(2026, 1, 1)))
        lock = None if pins is None else lock_of(pins, python=python)
        return Subject(report=report, rewritten=rewrite(spec), lock=lock)

    return call
