"""What differs, in what way and how much it weighs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from envbuilder.findings import Level, Origin
from envbuilder.inspection.closure import Closure, Wanted
from envbuilder.inspection.comparing import mismatches_of
from envbuilder.inspection.mismatches import Kind, Mismatch
from envbuilder.inspection.places import Python
from envbuilder.inspection.roles import Role
from tests.inspection.conftest import fill

LINE = Origin(file="requirements.txt", line=3, column=1)


def closure(
    *packages: Wanted, python: str = "3.8.18", logged: str = "3.8.8", implementation: str = "cpython"
) -> Closure:
    return Closure(
        lock_id="0" * 64,
        spec_id="1" * 64,
        resolution="2" * 64,
        implementation=implementation,
        python=Wanted(name="python", version=python, role=Role.PYTHON, logged=logged, origin=LINE),
        packages=packages,
    )


def compared(
    folder: Path, wanted: Closure, packages: Mapping[str, str], version: str = "3.8.18", name: str = "cpython"
) -> tuple[Mismatch, ...]:
    site = fill(folder / "site", packages)
    python = Python(executable="/python", version=version, implementation=name, folders=(str(site),))
    return mismatches_of(wanted, python)


def package(version: str, *, role: Role = Role.NAMED, logged: str = "", name: str = "thing") -> Wanted:
    return Wanted(name=name, version=version, role=role, logged=logged, origin=LINE)


@pytest.mark.parametrize(
    ("version", "wanted", "logged", "level"),
    [
        ("3.8.18", "3.8.18", "", None),
        ("3.8.8", "3.8.18", "3.8.8", None),  # the logged one is as right as the lock's
        ("3.8.10", "3.8.18", "3.8.8", Level.NOTE),
        ("3.8.10", "3.8", "", None),  # no file names a patch release
        ("3.9.18", "3.8", "", Level.ERROR),
        ("3.10.1", "3.1", "", Level.ERROR),
        ("3.9.18", "3.8.18", "3.8.8", Level.ERROR),
    ],
)
def test_the_python(tmp_path: Path, version: str, wanted: str, logged: str, level: Level | None) -> None:
    found = compared(tmp_path, closure(python=wanted, logged=logged), {}, version)
    assert [(item.kind, item.level) for item in found] == ([(Kind.PYTHON, level)] if level else [])


def test_another_implementation_is_another_python(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, closure(), {}, "3.8.18", "pypy")
    assert (found.found, found.wanted, found.level) == ("pypy 3.8.18", "cpython 3.8.18", Level.ERROR)


@pytest.mark.parametrize(
    ("there", "wanted", "kind"),
    [
        ("1.0", "1.0", None),
        ("1.0.0", "1.0", None),
        ("1.0rc1", "1.0.RC1", None),
        ("1.0.post1", "1.0-1", None),
        ("2.0.1", "2.0.1+cu118", Kind.LABEL),
        ("2.0.1+cpu", "2.0.1+cu118", Kind.LABEL),
        ("2.0.2+cu118", "2.0.1+cu118", Kind.VERSION),
        ("1.0rc1", "1.0", Kind.VERSION),
        ("2004d", "2004D", None),
        ("2004d", "2004e", Kind.VERSION),
    ],
)
def test_versions_are_compared_by_pep_440(tmp_path: Path, there: str, wanted: str, kind: Kind | None) -> None:
    found = compared(tmp_path, closure(package(wanted)), {"thing": there})
    assert [item.kind for item in found] == ([kind] if kind else [])
    assert all(item.level is (Level.NOTE if kind is Kind.LABEL else Level.ERROR) for item in found)


def test_the_logged_version_is_right_where_the_lock_has_another(tmp_path: Path) -> None:
    wanted = closure(package("1.2", logged="1.1+local"))
    assert compared(tmp_path / "a", wanted, {"thing": "1.1+local"}) == ()
    (near,) = compared(tmp_path / "b", wanted, {"thing": "1.1"})
    assert near.kind is Kind.LABEL


def test_what_the_lock_does_not_hold_is_no_mismatch(tmp_path: Path) -> None:
    assert compared(tmp_path, closure(package("1.0")), {"thing": "1.0", "other": "3", "mlflow": "1"}) == ()


def test_a_missing_package_and_a_double_one(tmp_path: Path) -> None:
    fill(tmp_path / "site", {"twin": "2.0"})
    wanted = closure(package("1.0"), package("1.0", name="twin"))
    found = {item.name: item for item in compared(tmp_path, wanted, {"twin": "1.0"})}
    assert (found["thing"].kind, found["thing"].found) == (Kind.MISSING, None)
    assert (found["twin"].kind, found["twin"].found) == (Kind.TWICE, "1.0 and 2.0")
    assert found["twin"].hint == "pip install --force-reinstall 'twin==1.0'"


def test_the_ranking_is_by_role_then_by_how_far_a_version_is(tmp_path: Path) -> None:
    roles = (Role.TOOL, Role.TRANSITIVE, Role.NAMED, Role.PICKLED, Role.LIBRARY)
    wanted = [package("1.5.2", role=role, name=f"{role.value}-{far}") for role in roles for far in "abcd"]
    there = {"b": "2.0.0", "c": "1.6.0", "d": "1.5.1"}
    packages = {item.name: there[item.name[-1]] for item in wanted if item.name[-1] in there}
    found = compared(tmp_path, closure(*wanted), packages, "3.9.1")
    assert found[0].name == "python"
    assert [item.weight for item in found] == sorted((item.weight for item in found), reverse=True)
    levels = [item.level for item in found]
    assert levels == sorted(levels, key=[Level.ERROR, Level.WARNING, Level.NOTE].index)
    for role in roles:
        own = [item.name[-1] for item in found if item.role is role]
        assert own == ["a", "b", "c", "d"]


def test_a_mismatch_is_a_finding_too(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, closure(package("1.0", role=Role.LIBRARY)), {"thing": "2.0"})
    finding = found.finding
    assert (finding.code, finding.level, finding.origin) == ("check/version", Level.ERROR, LINE)
    assert finding.message == "thing 2.0 is there; the model's environment has 1.0 (the model's library)"
    assert finding.hint == "pip install 'thing==1.0'"
