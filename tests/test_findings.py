"""Findings, changes, and what they say about fidelity."""

from __future__ import annotations

import pytest

from envbuilder.findings import Change, Effect, Fidelity, Finding, Level, Origin, fidelity_of


def change(effect: Effect) -> Change:
    return Change(code="resolve/x", message="m", effect=effect)


@pytest.mark.parametrize(
    ("effects", "fidelity"),
    [
        ([], Fidelity.EXACT),
        ([Effect.NONE, Effect.NONE], Fidelity.EXACT),
        ([Effect.NONE, Effect.ADAPTED], Fidelity.ADAPTED),
        ([Effect.DEGRADED, Effect.ADAPTED], Fidelity.DEGRADED),
    ],
)
def test_the_worst_effect_decides(effects: list[Effect], fidelity: Fidelity) -> None:
    assert fidelity_of(tuple(change(effect) for effect in effects)) is fidelity


def finding(**fields: object) -> Finding:
    base = {"code": "input/include", "level": Level.NOTE, "message": "m", "origin": Origin(file="a", line=3)}
    return Finding(**{**base, **fields})  # type: ignore[arg-type]


def test_a_fingerprint_survives_moved_lines_and_other_levels() -> None:
    moved = finding(origin=Origin(file="a", line=9), level=Level.ERROR)
    assert moved.fingerprint == finding().fingerprint
    assert len(moved.fingerprint) == 20


def test_another_cause_or_file_has_another_fingerprint() -> None:
    others = [
        finding(),
        finding(code="input/odd"),
        finding(origin=Origin(file="b")),
        finding(subject="numpy"),
    ]
    assert len({one.fingerprint for one in others}) == len(others)


def test_a_subject_makes_the_wording_irrelevant() -> None:
    assert finding(subject="x").fingerprint == finding(subject="x", message="other words").fingerprint


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin(file="a.txt"), "a.txt"),
        (Origin(file="a.txt", line=3), "a.txt:3"),
        (Origin(file="a.txt", line=3, column=7), "a.txt:3:7"),
    ],
)
def test_an_origin_reads_as_a_place(origin: Origin, text: str) -> None:
    assert str(origin) == text
