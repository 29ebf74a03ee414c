"""Tags of any target, against those that packaging computes for this very host."""

from __future__ import annotations

import platform
import sys

import pytest
from packaging import tags

from envbuilder.errors import UsageError
from envbuilder.lock import Target
from envbuilder.resolver.platforms import platform_tags, supported_tags
from envbuilder.resolver.targets import host_platform


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="compares with a host that has glibc")
def test_this_host_is_computed_as_packaging_sees_it() -> None:
    target = Target(
        python=".".join(map(str, sys.version_info[:3])),
        platform=host_platform(),
        floor=f"glibc-{platform.libc_ver()[1]}",
    )
    ranks = supported_tags(target)
    assert sorted(ranks, key=ranks.__getitem__) == list(dict.fromkeys(tags.sys_tags()))


def test_platforms_best_first() -> None:
    assert list(platform_tags("linux-aarch64", "glibc-2.18")) == [
        "linux_aarch64", "manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64",
    ]  # fmt: skip
    assert list(platform_tags("linux-x86_64", "musl-1.1")) == [
        "linux_x86_64", "musllinux_1_1_x86_64", "musllinux_1_0_x86_64",
    ]  # fmt: skip
    mac = list(platform_tags("macos-arm64", "macos-12.0"))
    assert mac[0] == "macosx_12_0_arm64"
    assert "macosx_11_0_universal2" in mac


@pytest.mark.parametrize(
    ("implementation", "system", "floor"),
    [
        ("pypy", "linux-x86_64", "glibc-2.36"),
        ("cpython", "win-amd64", ""),
        ("cpython", "linux-x86_64", "glibc-x"),
        ("cpython", "linux-x86_64", ""),
    ],
)
def test_what_cannot_be_locked_for(implementation: str, system: str, floor: str) -> None:
    target = Target(python="3.8.18", platform=system, floor=floor, implementation=implementation)
    with pytest.raises(UsageError):
        supported_tags(target)
