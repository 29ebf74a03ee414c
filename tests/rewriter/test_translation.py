"""Conda packages that become requirements, beside what pip lists."""

from __future__ import annotations

import pytest

from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT, Policy
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.pep508 import requirement
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.translation import take_from_index, why_left
from envbuilder.spec import DirectReference, EnvSpec, Provenance, PypiName, PypiRequirement, ReferenceKind

SPOT = Origin(file="conda.yaml", line=5, column=5)


def pip(name: str, rest: str = "") -> PypiRequirement:
    return requirement(PypiName(name), (), rest, SPOT)


def spec_of(conda: list[str], *pypi: PypiRequirement, located: str = "") -> EnvSpec:
    direct = DirectReference(
        name=PypiName(located), kind=ReferenceKind.VCS, url=SafeUrl("git+https://example.org/x"), origin=SPOT
    )
    return EnvSpec(
        python=(),
        conda=tuple(read_matchspec(text, SPOT) for text in conda),
        pypi=pypi,
        direct=(direct,) if located else (),
        provenance=Provenance(model="m"),
    )


@pytest.mark.parametrize(
    ("conda", "pypi", "after"),
    [
        (["scikit-learn=0.22.1"], [], ["scikit-learn==0.22.1"]),
        (["pytorch=1.9"], [], ["torch==1.9.*"]),
        (["py-opencv=4.5.5"], [], ["opencv-python==4.5.5.*"]),
        (["dask"], [], ["dask[complete]"]),
        (["ray-tune=2.0.0"], [pip("ray", ">=1")], ["ray[tune]==2.0.0"]),
        (["numpy=1.18"], [pip("numpy", "==1.18.5")], ["numpy==1.18.5"]),
        (["numpy==1.18.5"], [pip("numpy")], ["numpy==1.18.5"]),
        (["numpy>=1.18"], [pip("numpy", "<2")], ["numpy<2,>=1.18"]),
        (["numpy==1.18.5"], [pip("numpy", "==1.19.0")], ["numpy==1.19.0"]),
        (["numpy"], [pip("numpy", "==1.19;python_version<'3.9'")], ["numpy==1.19 ; python_version<'3.9'"]),
        (["numpy~=1.18.0", "numpy==1.18.5"], [], ["numpy==1.18.5"]),
        (["numpy==1.21.2", "numpy-base==1.21.2"], [], ["numpy==1.21.2"]),
        (["numpy==1.18", "numpy==1.19"], [], ["numpy==1.18,==1.19"]),
        (["typing-extensions", "typing_extensions=4.15.0"], [], ["typing-extensions==4.15.0"]),
        (["openssl", "openjdk"], [pip("mlflow")], ["mlflow"]),
    ],
)
def test_what_is_asked_of_the_index(conda: list[str], pypi: list[PypiRequirement], after: list[str]) -> None:
    spec, changes = take_from_index(spec_of(conda, *pypi), DEFAULT)
    assert [item.text for item in spec.pypi] == after
    assert spec.conda == ()
    assert len(changes) == len(conda)
    assert take_from_index(spec, DEFAULT) == (spec, ())


def test_the_changes_say_who_wins() -> None:
    joined, overruled = spec_of(["numpy=1.18"], pip("numpy", "==1.18.5")), spec_of(["numpy"], located="numpy")
    moved = "the conda package numpy comes from the package index, as numpy==1.18.5"
    assert [c.message for c in take_from_index(joined, DEFAULT)[1]] == [
        f"{moved}, joined with the other lines for it"
    ]
    spec, changes = take_from_index(overruled, DEFAULT)
    assert spec.pypi == ()
    assert [(c.code, c.message) for c in changes] == [
        ("rewrite/conda-and-pip", "pip installs after conda: numpy gives way to its direct reference")
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("in-house=1.2", "its name on the package index is not known"),
        ("numpy 1.18|1.19", "of the alternatives ==1.18|==1.19 a requirement can name only one"),
        ("pytz==2021c", "==2021c is no version constraint of PEP 440"),
    ],
)
def test_what_cannot_be_said_stays_and_tells_why(text: str, why: str) -> None:
    spec, changes = take_from_index(spec_of([text]), DEFAULT)
    assert [item.text for item in spec.conda] == [text]
    assert changes == ()
    assert why_left(spec.conda[0], DEFAULT) == why


def test_a_platform_s_package_keeps_its_marker() -> None:
    spec, _ = take_from_index(spec_of(["pywin32=227"]), Policy())
    assert [item.text for item in spec.pypi] == ["pywin32==227.* ; sys_platform == 'win32'"]
