"""The policy's own findings: what expired, what nothing needs, and when nobody can know."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from envbuilder.findings import Level
from envbuilder.policy import Policy
from envbuilder.policyfile import read_policy
from envbuilder.policyfile.lints import AUDIT, LICENSES, with_policy_findings
from envbuilder.policyfile.places import KeyPath
from envbuilder.report.report import ModelReport, Report, Skipped

SHA = "0" * 64
TEXT = f"""\
[channels]
allow = [
  "conda-forge",
  "bioconda",
]
[builds]
sdist = ["alembic"]
[names]
tools = "our-tools"
[levels]
"pin/unpinned" = "note"
"license/unknown" = "note"
"policy/expired-entry" = "error"
[licenses]
allow = ["MIT", "ISC"]
aliases = {{ "BSD License" = "BSD-3-Clause" }}
[[licenses.exception]]
package = "a<2"
allow = ["GPL-3.0-only"]
reason = "r"
[[licenses.clarify]]
package = "b"
expression = "MIT"
license-file = {{ path = "L", sha256 = "{SHA}" }}
"""
TODAY = datetime.date(2026, 6, 1)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return read(tmp_path, TEXT)


def read(folder: Path, text: str) -> Policy:
    path = folder / "envbuilder.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


def judged(policy: Policy, *matched: KeyPath, scope: object = LICENSES, skipped: bool = False) -> Report:
    models = tuple(ModelReport(model=str(path), folder="", matched=frozenset({path})) for path in matched)
    holes = (Skipped(path="x", reason="y"),) if skipped else ()
    report = Report(models=models, skipped=holes, today=TODAY)
    return with_policy_findings(report, policy, scope)  # type: ignore[arg-type]


def told(report: Report) -> list[tuple[int, Level, str]]:
    return [
        (f.origin.line if f.origin else 0, f.level, f.message.partition(" is not needed")[0])
        for f in report.policy_findings
        if f.code == "policy/unmatched-entry"
    ]


def test_an_audit_misses_channels_names_and_levels_of_its_own(policy: Policy) -> None:
    assert told(judged(policy, scope=AUDIT)) == [
        (3, Level.NOTE, "the channel conda-forge"),
        (4, Level.NOTE, "the channel bioconda"),
        (9, Level.WARNING, "the name of tools"),
        (11, Level.NOTE, "the level of pin/unpinned"),
    ]


def test_an_audit_does_not_miss_what_only_an_index_tells(tmp_path: Path) -> None:
    text = '[levels]\n"pin/vanished" = "note"\n"pin/dummy-package" = "note"\n'
    found = told(judged(read(tmp_path, text), scope=AUDIT))
    assert found == [(3, Level.NOTE, "the level of pin/dummy-package")]


def test_licences_miss_what_a_lock_would_need(policy: Policy) -> None:
    assert told(judged(policy)) == [
        (7, Level.WARNING, "the build of alembic"),
        (12, Level.NOTE, "the level of license/unknown"),
        (15, Level.NOTE, "the licence MIT"),
        (15, Level.NOTE, "the licence ISC"),
        (16, Level.WARNING, "the alias of BSD License"),
        (17, Level.WARNING, "the exception for a<2"),
        (21, Level.WARNING, "the clarification of b"),
    ]


def test_what_any_model_matched_is_needed(policy: Policy) -> None:
    matched: list[KeyPath] = [("licenses", "exception", 0), ("licenses", "allow", 1), ("builds", "sdist", 0)]
    left = {line for line, _, _ in told(judged(policy, *matched))}
    assert left == {12, 15, 16, 21}
    assert [what for line, _, what in told(judged(policy, *matched)) if line == 15] == ["the licence MIT"]


def test_what_was_not_read_may_have_needed_it(policy: Policy) -> None:
    assert told(judged(policy, skipped=True)) == []


@pytest.mark.parametrize(
    ("until", "level", "words"),
    [
        ("2026-05-31", Level.ERROR, "ended on 2026-05-31"),
        ("2026-06-01", Level.WARNING, "ends on 2026-06-01"),
        ("2026-07-01", Level.WARNING, "ends on 2026-07-01"),
        ("2026-07-02", None, ""),
        ("9999-12-31", None, ""),
    ],
)
@pytest.mark.parametrize("skipped", [False, True])
def test_an_exception_ends_after_its_last_day(
    tmp_path: Path, until: str, level: Level | None, words: str, skipped: bool
) -> None:
    entry = f'[[licenses.exception]]\npackage = "a"\nallow = ["MIT"]\nreason = "r"\nuntil = {until}\n'
    report = judged(read(tmp_path, entry), ("licenses", "exception", 0), scope=AUDIT, skipped=skipped)
    found = [f for f in report.policy_findings if f.code == "policy/expired-entry"]
    assert [(f.level, words in f.message, f.origin.line if f.origin else 0) for f in found] == (
        [(level, True, 1)] if level else []
    )
    assert report.fails(Level.ERROR) is (level is Level.ERROR)


def test_what_expired_is_not_told_as_unmatched_too(tmp_path: Path) -> None:
    entry = '[[licenses.exception]]\npackage = "a"\nallow = ["MIT"]\nreason = "r"\nuntil = 2020-01-01\n'
    found = judged(read(tmp_path, entry)).policy_findings
    assert [f.code for f in found] == ["policy/expired-entry"]


def test_the_policy_weighs_its_own_findings_too(tmp_path: Path) -> None:
    text = '[levels]\n"policy/unmatched-entry" = "allow"\n[names]\nx = "y"\n'
    assert judged(read(tmp_path, text), scope=AUDIT).policy_findings == ()


def test_a_policy_made_in_python_has_no_places() -> None:
    (found,) = judged(Policy(names=(("x", "y"),)), scope=AUDIT).policy_findings
    assert (found.origin, found.subject) == (None, "the name of x")


def test_a_report_shows_the_policy_before_the_models(policy: Policy, tmp_path: Path) -> None:
    report = judged(policy, ("names", "tools"))
    assert report.subjects[0].model == (tmp_path / "envbuilder.toml").as_posix()
    assert report.subjects[0].place(report.policy_findings[0]) == report.subjects[0].model
    assert report.subjects[1:] == report.models
    assert report.summary.models == 1
    assert report.summary.warnings == sum(f.level is Level.WARNING for f in report.policy_findings) > 0


def test_the_fingerprint_survives_a_moved_line(tmp_path: Path) -> None:
    text = '[names]\nx = "y"\n'
    prints = {
        judged(read(tmp_path, moved), scope=AUDIT).policy_findings[0].fingerprint
        for moved in (text, f"\n\n{text}")
    }
    assert len(prints) == 1
