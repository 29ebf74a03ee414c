from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.folding import agree, fold, united
from envbuilder.reader.gather import Gathering
from envbuilder.spec import PypiName, PypiRequirement


def item(
    name: str, specifier: str = "", *, line: int = 1, marker: str = "", extra: str = ""
) -> PypiRequirement:
    return PypiRequirement(
        name=PypiName(name), specifier=specifier, marker=marker, extras=(extra,) if extra else (),
        origin=Origin(file="f", line=line),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("", "", ""),
        ("", "==2.5.0", "==2.5.0"),
        ("==2.5.0", "", "==2.5.0"),
        ("==1.0", "==1.0.0", "==1.0"),
        ("<2", "==1.0", "==1.0"),
        ("==1.9.0", "==1.9.0+cu102", "==1.9.0+cu102"),
        (">=1", "<2", ">=1,<2"),
        (">=1", ">=1,<2", ">=1,<2"),
        ("~=1.18.0", "==1.18.5", "==1.18.5"),
        ("=3.0.3", "==3.0.3", "=3.0.3"),
        ("=3.0.3", "", "=3.0.3"),
        ("==1.*", "==1.2.*", "==1.2.*"),
        ("==1.2.*", "==1.*", "==1.2.*"),
        ("==1.2.*", "==1.2.3", "==1.2.3"),
        ("==1.2.*", "==2.*", None),
        ("==1.2.*", "==1.3", None),
        ("==0.12", "==2.0", None),
        (">=2", "==1.0", None),
        ("===x", "==1.0", None),
        ("=3.0.3", "==3.0.4", None),
    ],
)
def test_united(first: str, second: str, both: str | None) -> None:
    assert united(first, second) == both
    assert agree(first, second) is (both is not None)


def test_fold_keeps_order_and_unites() -> None:
    gathering = Gathering()
    lines = [
        item("b", line=1),
        item("a", ">=1", line=2, extra="x"),
        item("b", "==2", line=3),
        item("a", "<3", extra="y"),
    ]
    first, second = fold(lines, gathering)
    assert (first.text, first.origin.line) == ("b==2", 1)
    assert second.text == "a[x,y]>=1,<3"
    assert {finding.code for finding in gathering.findings} == {"input/duplicate-requirement"}
    assert not gathering.refused


def test_markers_keep_lines_apart() -> None:
    lines = [item("a", "==1", marker="os_name == 'x'"), item("a", "==2", marker='os_name=="y"')]
    gathering = Gathering()
    assert len(fold(lines, gathering)) == 2
    assert not gathering.findings
    assert len(fold([*lines, item("a", "==1", marker='os_name == "x"')], gathering)) == 2


def test_conflict_is_placed_at_the_second_line() -> None:
    gathering = Gathering()
    fold([item("flask", "==0.12"), item("flask", "==2.0", line=2)], gathering)
    (finding,) = gathering.findings
    assert finding.refuses
    assert (finding.code, str(finding.origin)) == ("input/conflicting-requirement", "f:2")


@pytest.mark.parametrize(
    "lines",
    [
        [item("a", f">={n}") for n in range(5000)],
        [item("a", f"!={n}", marker=f"os_name == '{n}'") for n in range(5000)],
        [item("a", f"=={n}") for n in range(5000)],
        [item("a", "==1", extra=f"e{n}") for n in range(5000)],
    ],
    ids=["ranges", "markers", "pins", "extras"],
)
def test_thousands_of_lines_of_one_package(lines: list[PypiRequirement]) -> None:
    gathering = Gathering()
    started = time.process_time()
    fold(lines, gathering)
    assert time.process_time() - started < 2
    assert gathering.refused


def test_thousands_of_lines_with_a_hash_each() -> None:
    lines = [replace(item("a", "==1"), hashes=(f"sha256:{n:064x}",)) for n in range(5000)]
    gathering = Gathering()
    started = time.process_time()
    (folded,) = fold(lines, gathering)
    assert time.process_time() - started < 2
    assert len(folded.hashes) == 5000
    assert not gathering.refused


specifiers = st.sampled_from(
    [
        "",
        "==1",
        "==1.0",
        "==1.*",
        ">=1",
        "<2",
        ">=0.5,<1.5",
        "~=1.0",
        "!=1",
        "=1",
        "===1",
        "==2+local",
        "===odd",
    ]
)


@given(specifiers, specifiers)
def test_uniting_is_symmetric_in_what_it_refuses(first: str, second: str) -> None:
    assert agree(first, second) == agree(second, first)
