"""What counts as a change, and that comparing the other way round tells the opposite."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, report_of
from envbuilder.comparison.comparing import compare
from envbuilder.comparison.difference import Delta, Difference, Step
from envbuilder.comparison.subject import Subject
from envbuilder.findings import Finding, Level, Origin
from envbuilder.redact import SafeUrl
from envbuilder.report.report import PackageReport
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import (
    Channel,
    DirectReference,
    EnvSpec,
    Option,
    Provenance,
    PypiName,
    PypiRequirement,
    PythonRequest,
    ReferenceKind,
)
from tests.comparison.conftest import Subjects, lock_of

CONDA = "channels:\n- conda-forge\n- nodefaults\ndependencies:\n- python=3.8.8\n- pip\n- pip:\n{}"


def conda(*requirements: str) -> dict[str, str]:
    return {"conda.yaml": CONDA.format("".join(f"  - {item}\n" for item in requirements))}


def pip(*requirements: str) -> dict[str, str]:
    return {"requirements.txt": "".join(f"{item}\n" for item in requirements)}


def steps(deltas: tuple[Delta, ...]) -> dict[str, str]:
    return {delta.name: delta.step.value for delta in deltas}


def test_versions_of_locks_are_compared_as_versions(subject: Subjects) -> None:
    asked = pip("a", "b", "c")
    before = subject("1", asked, {"a": "1.9", "b": "2.0", "c": "1.0", "d": "1", "e": "1", "g": "1"})
    after = subject("2", asked, {"a": "1.10", "b": "2.0rc1", "c": "1.0", "d": "2", "f": "1", "g": "1"})
    found = compare(before, after)
    assert found.locked
    assert steps(found.packages) == {
        "a": "upgraded", "b": "downgraded", "d": "upgraded", "e": "removed", "f": "added",
    }  # fmt: skip
    assert [delta.name for delta in found.packages if delta.named] == ["a", "b"]
    assert found.python is None


def test_another_file_of_a_version_is_told_where_one_would_do(subject: Subjects) -> None:
    before = subject("1", pip("a"), {"a": "1.0", "b": "1.0"})
    assert steps(compare(before, subject("2", pip("a"), {"a": "1.0#2", "b": "1.0"})).packages) == {
        "a": "replaced"
    }
    other_python = subject("3", pip("a"), {"a": "1.0#2", "b": "1.0!"}, python="3.9.1")
    assert steps(compare(before, other_python).packages) == {"b": "replaced"}
    patch = subject("4", pip("a"), {"a": "1.0#2", "b": "1.0"}, python="3.8.19")
    assert steps(compare(before, patch).packages) == {"a": "replaced"}


def test_a_wish_in_other_words_is_a_change_and_another_spelling_is_none(subject: Subjects) -> None:
    pins = {"numpy": "1.21.0", "pandas": "1.3.0", "scipy": "1.7.0"}
    before = subject("1", pip("numpy==1.21.0", "pandas>=1,<2", "Scipy==1.7"), pins)
    after = subject("2", pip("numpy", "pandas<2, >=1.0", "scipy==1.7.0"), pins)
    (delta,) = compare(before, after).packages
    assert (delta.name, delta.step, delta.named) == ("numpy", Step.CHANGED, True)


def test_without_locks_pins_are_compared(subject: Subjects) -> None:
    before = subject("1", conda("a==1", "b==2", "c", "d==1", "e>=1"))
    after = subject("2", conda("a==2", "b==1", "c", "d", "e>=2", "f"))
    found = compare(before, after)
    assert not found.locked
    assert steps(found.packages) == {
        "a": "upgraded", "b": "downgraded", "d": "changed", "e": "changed", "f": "added",
    }  # fmt: skip


def test_a_model_of_another_mlflow_that_asks_for_the_same_is_the_same(subject: Subjects) -> None:
    before = subject("1", conda("numpy==1.21.0", "mlflow==1.14.1"))
    after = subject(
        "2",
        conda("-r requirements.txt")
        | pip("mlflow==1.14.1", "numpy==1.21.0")
        | {"python_env.yaml": "python: 3.8.8\ndependencies:\n- -r requirements.txt\n"},
    )
    assert [delta for delta in compare(before, after).deltas if delta.kind != "option"] == []


def test_a_conda_package_goes_by_its_name_on_the_index(subject: Subjects) -> None:
    before = subject("1", {"conda.yaml": CONDA.format("  - mlflow==2.0\n") .replace("- pip\n", "- pip\n- pytorch=1.9.0\n- libgcc\n")})  # fmt: skip
    after = subject("2", conda("mlflow==2.0", "torch==1.10.0"))
    found = compare(before, after)
    assert {(d.kind, d.name, d.step.value) for d in found.packages} == {
        ("pypi", "torch", "upgraded"), ("conda", "libgcc", "removed"),
    }  # fmt: skip


def test_a_local_label_that_is_rewritten_away_still_differs(subject: Subjects) -> None:
    pins = {"torch": "1.9.0"}
    found = compare(
        subject("1", pip("torch==1.9.0+cu111"), pins), subject("2", pip("torch==1.9.0+cu102"), pins)
    )
    assert steps(found.packages) == {"torch": "changed"}


def test_pythons(subject: Subjects) -> None:
    one, two = (conda("a==1") | {"python_env.yaml": f"python: {text}\n"} for text in ("3.8.8", "3.9.1"))
    files = compare(subject("1", one), subject("2", two)).python
    assert files is not None
    assert (files.step, files.before and files.before.version) == (Step.UPGRADED, "3.8.8")
    same = compare(subject("3", one, {"a": "1"}), subject("4", two, {"a": "1"})).python
    assert same is not None
    assert same.step is Step.CHANGED
    assert compare(subject("5", one, {"a": "1"}), subject("6", one, {"a": "1"}, python="3.7.9")).python


def test_channels_and_their_order(subject: Subjects) -> None:
    def model(name: str, *channels: str) -> Subject:
        listed = "".join(f"- {channel}\n" for channel in channels)
        return subject(name, {"conda.yaml": f"channels:\n{listed}dependencies:\n- pip\n- pip:\n  - a==1\n"})

    one, two = model("1", "conda-forge", "bioconda", "defaults"), model("2", "bioconda", "conda-forge")
    assert steps(compare(one, two).channels) == {"defaults": "removed", "order": "changed"}
    assert steps(compare(two, one).channels) == {"defaults": "added", "order": "changed"}
    assert (
        compare(two, model("3", "bioconda", "https://conda.anaconda.org/conda-forge/linux-64")).channels == ()
    )


def test_sources(subject: Subjects) -> None:
    index = "--extra-index-url https://user:s3cret@example.org/simple"
    found = compare(subject("1", pip("a==1")), subject("2", pip(index, "a==1")))
    assert {(delta.kind, delta.step) for delta in found.sources} == {("option", Step.ADDED)}
    assert "s3cret" not in repr(found)
    assert "source/credentials" in {finding.code for finding in found.new}


def test_direct_references(subject: Subjects) -> None:
    one = subject("1", pip("a @ https://example.org/a-1.0-py3-none-any.whl"))
    two = subject("2", pip("a @ https://example.org/a-1.1-py3-none-any.whl"))
    found = compare(one, two)
    assert [(delta.kind, delta.name, delta.step) for delta in found.sources] == [("url", "a", Step.CHANGED)]
    assert steps(found.packages) == {"a": "changed"}


def test_findings_are_new_by_their_cause_not_by_their_file_or_line(subject: Subjects) -> None:
    before = subject("1", conda("numpy"))
    moved = subject("2", {"conda.yaml": "# a line more\n" + CONDA.format("  - -r requirements.txt\n")} | pip("numpy"))  # fmt: skip
    assert "pin/unpinned" in {finding.code for finding in before.report.findings}
    found = compare(before, moved)
    assert (
        [f.code for f in found.new if f.code.startswith("pin/")],
        [f.code for f in found.gone if f.code.startswith("pin/")],
    ) == ([], [])
    worse = compare(before, subject("3", conda("numpy", "pandas")))
    assert [(finding.code, finding.subject) for finding in worse.new] == [("pin/unpinned", "pandas")]
    assert (worse.fails(Level.WARNING), worse.fails(Level.ERROR)) == (True, False)


def test_a_cause_that_weighs_more_is_new(subject: Subjects) -> None:
    before = subject("1", conda("numpy"))
    heavier = tuple(finding.at_level(Level.ERROR) for finding in before.report.findings)
    after = replace(before, report=replace(before.report, findings=heavier))
    assert compare(before, after).fails(Level.ERROR)
    assert not compare(after, before).fails(Level.ERROR)


def test_licences_are_told_where_they_are_known(subject: Subjects) -> None:
    def licensed(side: Subject, expression: str) -> Subject:
        package = PackageReport(name="b", version="1", expression=expression, chain=("a", "b"))
        return replace(side, report=replace(side.report, packages=(package,)))

    before = licensed(subject("1", pip("a"), {"a": "1", "b": "1"}), "MIT")
    after = licensed(subject("2", pip("a"), {"a": "1", "b": "2"}), "GPL-3.0-only")
    (delta,) = compare(before, after).packages
    assert delta.relicensed
    assert delta.after is not None
    assert (delta.after.licence, delta.after.chain) == ("GPL-3.0-only", ("a", "b"))


# Laws.

NAMES = st.sampled_from(["a", "b", "c", "d"])
VERSIONS = st.sampled_from(["1.0", "1.0#2", "1.0!", "1.1", "2.0rc1", "2"])
PLACES = st.builds(Origin, file=st.sampled_from(["conda.yaml", "requirements.txt"]), line=st.integers(1, 9))


def few(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=4).map(tuple)


SPECS = st.builds(
    EnvSpec,
    python=few(st.builds(PythonRequest, text=st.sampled_from(["3.8.8", "3.8", "3.10.1", ">=3.8"]), origin=PLACES)),
    pypi=few(
        st.builds(
            PypiRequirement, name=NAMES.map(PypiName), specifier=st.sampled_from(["", "==1.0", ">=1", "==1.1"]),
            origin=PLACES, marker=st.sampled_from(["", "python_version < '3.9'"]),
        )
    ),
    direct=few(
        st.builds(
            DirectReference, name=NAMES.map(PypiName) | st.none(), kind=st.sampled_from(ReferenceKind),
            url=st.sampled_from(["https://example.org/a.whl", "b.whl"]).map(SafeUrl), origin=PLACES,
        )
    ),
    options=few(st.builds(Option, name=st.just("--index-url"), value=st.sampled_from(["x", "y"]), origin=PLACES)),
    channels=few(st.builds(Channel, text=st.sampled_from(["defaults", "conda-forge", "bioconda"]), origin=PLACES)),
    provenance=st.just(Provenance(model="m")),
    findings=few(
        st.builds(
            Finding, code=st.sampled_from(["source/direct-url", "channel/local"]), level=st.sampled_from(Level),
            message=st.just("x"), origin=PLACES, subject=NAMES,
        )
    ),
)  # fmt: skip
LOCKS = st.builds(
    lambda pins, python: lock_of(pins, python=python),
    st.dictionaries(NAMES, VERSIONS),
    st.sampled_from(["3.8.18", "3.8.19", "3.9.1"]),
)


def subject_of(spec: EnvSpec, lock: Any) -> Subject:
    report = report_of(Found(path="m", name="m"), spec, Terms(today=datetime.date(2026, 1, 1)))
    return Subject(report=report, rewritten=rewrite(spec), lock=lock)


SUBJECTS = st.builds(subject_of, SPECS, LOCKS)
FILES = st.builds(subject_of, SPECS, st.none())
PAIRS = st.tuples(SUBJECTS, SUBJECTS) | st.tuples(FILES, FILES) | st.tuples(FILES, SUBJECTS)

OPPOSITE = {
    Step.ADDED: Step.REMOVED, Step.REMOVED: Step.ADDED, Step.UPGRADED: Step.DOWNGRADED,
    Step.DOWNGRADED: Step.UPGRADED, Step.CHANGED: Step.CHANGED, Step.REPLACED: Step.REPLACED,
}  # fmt: skip


def told(difference: Difference) -> Any:
    """All that a difference says, without the order in which it says it."""
    return set(difference.deltas), set(difference.new), set(difference.gone)


def mirrored(difference: Difference) -> Any:
    deltas = {
        replace(delta, step=OPPOSITE[delta.step], before=delta.after, after=delta.before)
        for delta in difference.deltas
    }
    return deltas, set(difference.gone), set(difference.new)


@given(SUBJECTS | FILES)
def test_a_model_does_not_differ_from_itself(one: Subject) -> None:
    found = compare(one, one)
    assert found.empty
    assert not found.fails(Level.NOTE)


@given(PAIRS)
def test_the_other_way_round_everything_is_its_opposite(pair: tuple[Subject, Subject]) -> None:
    one, two = pair
    assert told(compare(two, one)) == mirrored(compare(one, two))


@given(PAIRS)
def test_what_does_not_change_is_the_same_on_both_sides(pair: tuple[Subject, Subject]) -> None:
    one, two = pair
    found = compare(one, two)
    changed = {(delta.kind, delta.name) for delta in found.packages}
    for key in (one.packages.keys() | two.packages.keys()) - changed:
        before, after = one.packages[key], two.packages[key]
        assert (before.version, before.asked) == (after.version, after.asked)


@pytest.mark.parametrize("version", ["not a version", "1.0.0.post1.dev1.x"])
def test_a_version_that_is_none_has_no_order(version: str, subject: Subjects) -> None:
    found = compare(subject("1", pip("a"), {"a": version}), subject("2", pip("a"), {"a": "1.0"}))
    assert steps(found.packages) == {"a": "changed"}
