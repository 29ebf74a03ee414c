"""One file of each release: the wheel that fits best, else the source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envbuilder.lock import Kind, Target
from envbuilder.policy import Builds
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.resolver.engine import Candidate
from envbuilder.resolver.selection import available_since, best, select
from envbuilder.spec import PypiName
from tests.resolver.toy import LINUX, day, sdist, wheel


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["py3-none-any", "cp38-cp38-manylinux2014_x86_64"], "cp38-cp38-manylinux2014_x86_64"),
        (["cp37-abi3-manylinux2014_x86_64", "py3-none-any"], "cp37-abi3-manylinux2014_x86_64"),
        (["cp38-cp38-manylinux1_x86_64", "cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64"],
         "cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        (["cp38-cp38-win_amd64", "cp39-cp39-manylinux2014_x86_64"], None),
        (["cp38-cp38-manylinux_2_37_x86_64"], None),
        (["cp38-cp38-musllinux_1_1_x86_64"], None),
        (["py2.py3-none-any"], "py2.py3-none-any"),
    ],
)  # fmt: skip
def test_the_best_wheel(tags: list[str], expected: str | None) -> None:
    files = [wheel("np", "1.0", tag) for tag in tags]
    chosen = best(files, LINUX)
    assert (chosen.filename if chosen else None) == (f"np-1.0-{expected}.whl" if expected else None)


def test_the_highest_build_number_wins() -> None:
    files = [replace(wheel("np", "1.0"), filename=f"np-1.0-{n}-py3-none-any.whl") for n in ("1", "10", "9")]
    chosen = best(files, LINUX)
    assert chosen
    assert chosen.filename == "np-1.0-10-py3-none-any.whl"


def test_source_only_where_no_wheel_fits_and_never_without_a_hash() -> None:
    source = sdist("np", "1.0")
    assert best([wheel("np", "1.0"), source], LINUX) == wheel("np", "1.0")
    assert best([wheel("np", "1.0", "cp38-cp38-win32"), source], LINUX) == source
    assert best([replace(wheel("np", "1.0"), sha256=""), source], LINUX) == source
    assert best([replace(source, sha256="")], LINUX) is None


def test_the_same_file_whatever_the_order() -> None:
    files = [wheel("np", "1.0", f"cp38-cp38-manylinux_2_{n}_x86_64") for n in (17, 28, 12)]
    assert best(files, LINUX) == best(files[::-1], LINUX) == files[1]


def test_python_37_has_its_abi_flag() -> None:
    target = Target(python="3.7.16", platform="linux-x86_64", floor="glibc-2.36")
    fits = wheel("np", "1.0", "cp37-cp37m-manylinux1_x86_64")
    assert best([fits, wheel("np", "1.0", "cp37-cp37-manylinux1_x86_64")], target) == fits


def candidates(*files: object) -> tuple[Candidate, ...]:
    return (Candidate(name=PypiName("np"), version="1.0", files=files),)  # type: ignore[arg-type]


def test_what_is_built_is_told_and_the_policy_may_refuse_it() -> None:
    source = sdist("np", "1.0")
    chosen, changes, refused = select(candidates(source), LINUX, Builds())
    assert chosen == (source,)
    assert [change.code for change in changes] == ["build/from-source"]
    assert refused == ()
    for builds in (
        Builds(sdist="never"),
        Builds(sdist=(read_pattern("other"),)),
        Builds(sdist=(read_pattern("np>=99"),)),
    ):
        chosen, changes, refused = select(candidates(source), LINUX, builds)
        assert (chosen, changes) == ((), ())
        assert refused == candidates(source)
    assert select(candidates(source), LINUX, Builds(sdist=(read_pattern("np<99"),)))[0][0].kind is Kind.SDIST


def test_since_when_a_release_could_be_installed() -> None:
    files = [
        sdist("np", "1.0", "2020-01-01"),
        wheel("np", "1.0", "cp38-cp38-win32", "2020-01-02"),
        wheel("np", "1.0", "cp38-cp38-manylinux1_x86_64", "2020-01-03"),
        wheel("np", "1.0", "cp38-cp38-manylinux2014_x86_64", "2020-01-04"),
    ]
    assert available_since(files, LINUX) == day("2020-01-03")
    assert available_since(files[:2], LINUX) == day("2020-01-01")
    assert available_since([sdist("np", "1.0", None)], LINUX) is None


@pytest.mark.parametrize(("tag", "told"), [("cp312-cp312-manylinux2014_x86_64", True), (None, False)])
def test_wheels_for_other_pythons_alone_are_told(tag: str | None, told: bool) -> None:
    files = (sdist("np", "1.0"), *([wheel("np", "1.0", tag)] if tag else []))
    candidate = Candidate(name=PypiName("np"), version="1.0", files=files)
    _, changes, _ = select([candidate], LINUX, Builds())
    assert ("pin/no-wheel-for-python" in [change.code for change in changes]) is told
    assert "build/from-source" in [change.code for change in changes]
