"""What a target is said to have."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.conda import host
from envbuilder.conda.host import cuda_of_host, virtual_packages
from envbuilder.conda.names import distribution_of
from envbuilder.conda.subdirs import subdir_of
from envbuilder.errors import UsageError
from envbuilder.spec import CondaName


def shown(platform: str, **more: str) -> list[str]:
    return [f"{p.name}={p.version}={p.build}" for p in virtual_packages(platform, **more)]


def test_virtual_packages() -> None:
    assert shown("linux-x86_64", floor="glibc-2.36") == [
        "__unix=0=0", "__linux=5.10=0", "__glibc=2.36=0", "__archspec=1=x86_64"
    ]  # fmt: skip
    assert shown("linux-aarch64", cuda="12.1") == [
        "__unix=0=0", "__linux=5.10=0", "__glibc=2.17=0", "__archspec=1=aarch64", "__cuda=12.1=0"
    ]  # fmt: skip
    assert shown("linux-x86_64", floor="musl-1.2") == ["__unix=0=0", "__linux=5.10=0", "__archspec=1=x86_64"]
    assert shown("macos-arm64", floor="macos-14.0") == ["__unix=0=0", "__osx=14.0=0", "__archspec=1=m1"]


def test_platforms_that_no_channel_has() -> None:
    assert subdir_of("linux-ppc64le") == "linux-ppc64le"
    with pytest.raises(UsageError, match="no packages for plan9-x86_64"):
        virtual_packages("plan9-x86_64")


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("pytables", "tables"),
        ("numpy", "numpy"),
        ("tzdata", None),
        ("openssl", None),
        ("no-such-thing", None),
    ],
)
def test_names_go_by_the_table(name: str, distribution: str | None) -> None:
    assert distribution_of(CondaName(name)) == distribution


def test_no_cuda_where_there_is_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "DRIVER", tmp_path / "version")
    assert cuda_of_host() is None
    # A driver's file without its library: the library is what counts.
    (tmp_path / "version").touch()
    assert cuda_of_host() is None
