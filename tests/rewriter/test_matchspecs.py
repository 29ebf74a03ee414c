"""Dependencies that name licensed channels, as data and as text."""

from __future__ import annotations

import pytest

from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.matchspecs import drop_foreign_builds, rendered, requalify
from envbuilder.spec import Channel, EnvSpec, Provenance

SPOT = Origin(file="conda.yaml", line=5, column=5)


def spec_of(text: str, *channels: str) -> EnvSpec:
    named = tuple(Channel(text=name, origin=SPOT) for name in channels)
    return EnvSpec(
        python=(), conda=(read_matchspec(text, SPOT),), channels=named, provenance=Provenance(model="m")
    )


@pytest.mark.parametrize(
    ("text", "channels", "after"),
    [
        ("numpy=1.21.2=py39h20f2e39_0", ("defaults",), "numpy==1.21.2"),
        ("numpy=1.21.2=py39h20f2e39_0", ("conda-forge",), "numpy==1.21.2=py39h20f2e39_0"),
        ("defaults::numpy=1.21.2=py39h20f2e39_0", ("conda-forge",), "defaults::numpy==1.21.2"),
        ("conda-forge::numpy=1.2=py_0", ("defaults",), "conda-forge::numpy==1.2=py_0"),
        ("blas[build=mkl]", ("defaults",), "blas"),
        ("blas=*=*mkl*", ("defaults",), "blas[build=*mkl*]"),
        ("numpy[md5=0123456789abcdef0123456789abcdef]", ("conda-forge", "anaconda"), "numpy"),
        ("numpy[build_number=3,features=x]", ("anaconda",), "numpy[features=x]"),
    ],
)
def test_builds_of_licensed_channels_go(text: str, channels: tuple[str, ...], after: str) -> None:
    spec, changes = drop_foreign_builds(spec_of(text, *channels), DEFAULT)
    assert rendered(spec.conda[0]) == after
    assert bool(changes) == (rendered(read_matchspec(text, SPOT)) != after)
    assert drop_foreign_builds(spec, DEFAULT) == (spec, ())


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("defaults::numpy", "conda-forge::numpy"),
        ("pkgs/main/linux-64::numpy=1.2", "conda-forge/linux-64::numpy=1.2"),
        ("numpy[channel=anaconda]", "conda-forge::numpy"),
        ("https://repo.anaconda.com/pkgs/r::r-base", "conda-forge::r-base"),
        ("bioconda::samtools", "bioconda::samtools"),
    ],
)
def test_licensed_channels_of_dependencies_become_conda_forge(text: str, after: str) -> None:
    spec, changes = requalify(spec_of(text), DEFAULT)
    assert rendered(spec.conda[0]) == after
    assert [change.code for change in changes] == (["channel/restricted"] if "bio" not in text else [])
