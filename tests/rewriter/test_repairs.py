"""Requirements that no index serves as written."""

from __future__ import annotations

import pytest

from envbuilder.findings import Effect, Origin
from envbuilder.policy import DEFAULT, Policy, Sources
from envbuilder.reader.pep508 import name_of, requirement
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.repairs import (
    double_single_equals,
    drop_backports,
    drop_local_labels,
    fold_duplicates,
    name_scikit_learn,
)
from envbuilder.rewriter.rewriting import Rule
from envbuilder.spec import EnvSpec, Flavor, Provenance, PypiRequirement, PythonRequest

SPOT = Origin(file="requirements.txt", line=3, column=1)


def pip(text: str) -> PypiRequirement:
    name, rest = name_of(text, SPOT)
    return requirement(name, (), rest, SPOT)


def spec_of(*lines: str, python: str = "3.8.8", sklearn: str = "") -> EnvSpec:
    return EnvSpec(
        python=(PythonRequest(text=python, origin=SPOT),) if python else (),
        pypi=tuple(map(pip, lines)),
        flavors=(Flavor(name="sklearn", library_version=sklearn, origin=SPOT),),
        provenance=Provenance(model="m"),
    )


def after(rule: Rule, spec: EnvSpec, policy: Policy = DEFAULT) -> list[str]:
    new, changes = rule(spec, policy)
    assert bool(changes) == (new != spec)
    assert rule(new, policy) == (new, ())
    return [item.text for item in new.pypi]


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("werkzeug=3.0.3", "werkzeug==3.0.3"),
        ("werkzeug = 3.0", "werkzeug==3.0"),
        ("werkzeug==3.0.3", "werkzeug==3.0.3"),
        ("werkzeug===3.0.3", "werkzeug===3.0.3"),
    ],
)
def test_a_single_equals_is_doubled(line: str, mended: str) -> None:
    assert after(double_single_equals, spec_of(line)) == [mended]


@pytest.mark.parametrize(
    ("lines", "logged", "mended"),
    [
        (["sklearn"], "", ["scikit-learn"]),
        (["sklearn"], "0.24.1", ["scikit-learn==0.24.1"]),
        (["sklearn==0.0"], "", ["scikit-learn"]),
        (["sklearn==0.0.post5"], "1.0", ["scikit-learn==1.0"]),
        (["sklearn==0.24.1"], "0.24.2", ["scikit-learn==0.24.1"]),
        (["sklearn>=0.20,<1"], "", ["scikit-learn>=0.20,<1"]),
        (["scikit-learn==0.0"], "", ["scikit-learn"]),
        (["scikit-learn==0.0"], "garbage", ["scikit-learn"]),
        (["sklearn", "scikit-learn==0.23.2"], "", ["scikit-learn==0.23.2"]),
        (["sklearn-pandas==1.7.0"], "", ["sklearn-pandas==1.7.0"]),
    ],
)
def test_the_dummy_gives_way_to_scikit_learn(lines: list[str], logged: str, mended: list[str]) -> None:
    assert after(name_scikit_learn, spec_of(*lines, sklearn=logged)) == mended


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("torch==1.9.0+cu102", "torch==1.9.0"),
        ("torch===1.9.0+cpu", "torch===1.9.0"),
        ("torch==1.9.0+cu102,!=2 ; sys_platform == 'linux'", "torch==1.9.0,!=2 ; sys_platform == 'linux'"),
        ("torch!=1.9.0+cu102", "torch!=1.9.0+cu102"),
        ("torch==1.9.0", "torch==1.9.0"),
    ],
)
def test_local_labels_go(line: str, mended: str) -> None:
    assert after(drop_local_labels, spec_of(line)) == [mended]


def test_local_labels_stay_where_the_policy_names_more_indexes() -> None:
    urls = (SafeUrl("https://example.org/simple"), SafeUrl("https://example.org/cu102"))
    policy = Policy(sources=Sources(indexes=urls))
    assert after(drop_local_labels, spec_of("torch==1.9.0+cu102"), policy) == ["torch==1.9.0+cu102"]
    one = Policy(sources=Sources(indexes=urls[:1]))
    assert after(drop_local_labels, spec_of("torch==1.9.0+cu102"), one) == ["torch==1.9.0"]


@pytest.mark.parametrize(
    ("line", "python", "kept"),
    [
        ("dataclasses==0.8", "3.8.8", False),
        ("dataclasses==0.8", "3.6.13", True),
        ("dataclasses==0.6", "3.8.8", True),
        ("dataclasses", "3.8.8", True),
        ("dataclasses==0.8", ">=3.6", True),
        ("typing==3.7.4.3", "3.8", False),
        ("typing==3.6.6", "3.8", True),
        ("futures", "", False),
        ("futures==3.1.1", "3.8", False),
        ("hashlib==20081119", "3.10", False),
        ("pathlib==1.0.1", "3.8", True),
        ("configparser==3.7.4", "3.8", True),
        ("enum34==1.1.10", "3.8", True),
    ],
)
def test_backports_go_only_where_they_break(line: str, python: str, kept: bool) -> None:
    assert after(drop_backports, spec_of(line, python=python)) == ([line] if kept else [])


def test_duplicates_are_folded_and_contradictions_are_not() -> None:
    lines = ("numpy", "NumPy==1.0", "typing_extensions>=4", "typing-extensions<5", "a==1", "a==2")
    spec, changes = fold_duplicates(spec_of(*lines), DEFAULT)
    assert [item.text for item in spec.pypi] == ["numpy==1.0", "typing-extensions>=4,<5", "a==1", "a==2"]
    assert {change.effect for change in changes} == {Effect.NONE}
    assert fold_duplicates(spec, DEFAULT) == (spec, ())
