"""Packages that a conda file names by the URL of a licensed channel."""

from __future__ import annotations

import pytest

from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.located import located_package, name_located
from envbuilder.spec import DirectReference, EnvSpec, Provenance, ReferenceKind

SPOT = Origin(file="conda.yaml", line=5, column=5)
LICENSED = "https://repo.anaconda.com/pkgs/main/linux-64/scikit-learn-1.0.1-py39h51133e4_0.conda"


@pytest.mark.parametrize("url", [LICENSED, f"{LICENSED}#0123abc", LICENSED.replace(".conda", ".tar.bz2")])
def test_a_licensed_file_tells_its_package(url: str) -> None:
    package = located_package(url)
    assert package is not None
    assert (package.name, package.version) == ("scikit-learn", "1.0.1")


@pytest.mark.parametrize(
    "text",
    [
        "https://conda.anaconda.org/conda-forge/noarch/joblib-1.1.0-pyhd8ed1ab_0.tar.bz2",
        "https://repo.anaconda.com/pkgs/main/linux-64/nothing.conda",
        "https://example.org/joblib-1.1.0.tar.gz",
        "defaults::joblib",
    ],
)
def test_others_do_not(text: str) -> None:
    assert located_package(text) is None


def test_it_becomes_a_name_and_a_version_of_conda_forge() -> None:
    reference = DirectReference(name=None, kind=ReferenceKind.ARCHIVE, url=SafeUrl(LICENSED), origin=SPOT)
    kept = DirectReference(
        name=None, kind=ReferenceKind.ARCHIVE, url=SafeUrl("https://example.org/a.whl"), origin=SPOT
    )
    spec, changes = name_located(
        EnvSpec(python=(), direct=(reference, kept), provenance=Provenance(model="m")), DEFAULT
    )
    assert spec.direct == (kept,)
    assert [item.text for item in spec.conda] == ["conda-forge::scikit-learn==1.0.1"]
    assert [change.code for change in changes] == ["channel/restricted"]
    assert name_located(spec, DEFAULT) == (spec, ())
