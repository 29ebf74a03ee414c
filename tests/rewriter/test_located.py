"""Packages that a conda file names by the URL of a licensed channel."""

from __future__ import annotations

import pytest

from envbuilder.findings import Effect, Origin
from envbuilder.policy import DEFAULT, Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.located import located_package, name_located
from envbuilder.rewriter.matchspecs import rendered
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
        "https://example.org/sources/joblib-1.1.0-1.tar.bz2",
        "s3://bucket/linux-64/joblib-1.1.0-pyhd8ed1ab_0.conda",
        "https://repo.anaconda.com/pkgs/main/linux-64/nothing.conda",
        "https://example.org/joblib-1.1.0.tar.gz",
        "defaults::joblib",
    ],
)
def test_others_do_not(text: str) -> None:
    assert located_package(text) is None


def direct(url: str) -> DirectReference:
    return DirectReference(name=None, kind=ReferenceKind.ARCHIVE, url=SafeUrl(url), origin=SPOT)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (
            "https://conda.anaconda.org/conda-forge/noarch/joblib-1.1.0-pyhd8ed1ab_0.tar.bz2#" + "0" * 32,
            f"https://conda.anaconda.org/conda-forge/noarch::joblib==1.1.0=pyhd8ed1ab_0[md5={'0' * 32}]",
        ),
        (
            "https://u:secret@c.example.org/t/tk-1/Own/linux-64/a_b-2-h1.conda#sha256=" + "a" * 64,
            f"https://c.example.org/Own/linux-64::a_b==2=h1[sha256={'a' * 64}]",
        ),
        ("https://conda.anaconda.org/x/osx-64/a-1-0.conda", "https://conda.anaconda.org/x/osx-64::a==1=0"),
    ],
)
def test_a_free_channel_s_file_is_asked_of_it_by_all_that_its_url_tells(url: str, asked: str) -> None:
    policy = Policy(channels=Channels(allow=("conda-forge", "https://c.example.org/own")))
    spec, (change,) = name_located(
        EnvSpec(python=(), direct=(direct(url),), provenance=Provenance(model="m")), policy
    )
    assert [rendered(item) for item in spec.conda] == [asked]
    assert spec.direct == ()
    assert (change.code, change.effect) == ("rewrite/conda-url", Effect.NONE)
    assert "secret" not in repr((spec, change))
    assert "tk-1" not in repr((spec, change))


def test_a_file_of_a_host_that_nobody_vouches_for_stays_a_direct_reference() -> None:
    spec = EnvSpec(
        python=(),
        direct=(direct("https://c.example.org/own/linux-64/a-1-0.conda"),),
        provenance=Provenance(model="m"),
    )
    assert name_located(spec, DEFAULT) == (spec, ())
    mirrors = (("https://c.example.org/own", (SafeUrl("https://mirror.example.org/own"),)),)
    found, _ = name_located(spec, Policy(channels=Channels(mirrors=mirrors)))
    assert found.direct == ()


def test_python_and_its_seeds_by_url_are_what_they_are() -> None:
    folder = "https://conda.anaconda.org/conda-forge/linux-64"
    urls = (f"{folder}/python-3.8.8-hffdb5ce_0_cpython.tar.bz2", f"{folder}/pip-21.0.1-pyhd8ed1ab_0.conda")
    spec = EnvSpec(python=(), direct=tuple(map(direct, urls)), provenance=Provenance(model="m"))
    found, changes = name_located(spec, DEFAULT)
    assert (found.python[0].version, found.python[0].build) == ((3, 8, 8), "hffdb5ce_0_cpython")
    assert [seed.text for seed in found.seeds] == ["pip==21.0.1"]
    assert (found.conda, found.direct, len(changes)) == ((), (), 2)


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
