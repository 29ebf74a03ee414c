"""Metadata of strangers: what is kept of it, and that no bytes make it fail or take long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.licensing.evidence import evidence_of
from envbuilder.licensing.metadata import Metadata, read_metadata


def test_the_fields_that_are_asked_for_are_kept_as_they_are() -> None:
    content = (
        "Metadata-Version: 2.4\r\nName: Some.Package\r\nVersion: 1.0\r\nSummary: License: no\r\n"
        "license: BSD\r\nLicense-Expression: MIT\r\nClassifier: A\r\nClassifier: B :: é\r\nLicense-File: LICENSE\r\n"
        "Requires-Dist: numpy >=1\r\nRequires-Dist: tqdm ; extra == 'x'\r\nDescription: one\r\n  Name: other\r\n"
        "\r\nName: body\r\nLicense: body\r\n"
    )
    assert read_metadata(content.encode()) == Metadata(
        names=("Some.Package",),
        versions=("1.0",),
        expressions=("MIT",),
        licenses=("BSD",),
        classifiers=("A", "B :: é"),
        license_files=("LICENSE",),
        requires=("numpy >=1", "tqdm ; extra == 'x'"),
    )


def test_a_text_keeps_its_lines_and_does_not_end_the_headers() -> None:
    content = b"Name: x\nLicense: Copyright\n        \n        All rights\nClassifier: C\n\n"
    found = read_metadata(content)
    assert found.licenses == ("Copyright\n \n        All rights",)
    assert found.classifiers == ("C",)


def test_what_stands_twice_is_told_twice() -> None:
    found = read_metadata(b"Name: x\nName: y\nLicense: MIT\nLicense: ISC\n\n")
    assert found.names == ("x", "y")
    assert found.licenses == ("MIT", "ISC")
    assert evidence_of(found).kind == "unknown"


def test_bytes_that_are_no_text_are_read_leniently() -> None:
    found = read_metadata(b"Name: x\nLicense: \xff\xfe MIT\nClassifier: caf\xe9\n\n")
    assert found.names == ("x",)
    assert evidence_of(found).kind == "unknown"


@pytest.mark.parametrize(
    "content",
    [b"Requires-Dist: x\n" * 2001, (b"Classifier: License :: " + b"x" * 16000 + b"\n") * 40],
)
def test_more_than_any_real_package_says_is_not_kept(content: bytes) -> None:
    found = read_metadata(b"Name: x\nLicense: MIT\n" + content)
    assert found.cut
    assert evidence_of(found).kind == "parse-error"
    assert sum(map(len, (*found.classifiers, *found.requires))) <= 512 * 1024


def test_as_much_as_a_large_package_says_is_kept() -> None:
    content = b"".join(b"Requires-Dist: package-%d[extra]>=1.0 ; extra == 'all'\n" % n for n in range(1500))
    found = read_metadata(b"Name: x\nLicense: " + b"text " * 100_000 + b"\n" + content)
    assert not found.cut
    assert len(found.requires) == 1500
    assert evidence_of(found).kind == "text"


@pytest.mark.parametrize(
    "content",
    [
        b"Name: x\nLicense: " + b"=?utf-8?q?" * 100_000 + b"\xff\n",
        b"License: \xff\n" * 200_000,
        b"Name: x\nLicense: a\n" + b" b\xc3\xa9\n" * 300_000,
        b"Name: x\nClassifier: License :: a" + b" :: b" * 200_000 + b"\n",
        b"".join(b"Classifier: License :: %d\n" % n for n in range(100_000)),
        b":" * 1_000_000,
        b" \n" * 500_000,
        b"License-Expression: " + b"(" * 1_000_000,
        b"Name: " + b"\r" * 1_000_000,
    ],
    ids=range(9),
)
def test_time_is_bounded(content: bytes) -> None:
    began = time.process_time()
    evidence_of(read_metadata(content))
    assert time.process_time() - began < 1.5


@given(st.binary(max_size=500))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    evidence_of(read_metadata(content))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["License", "License-Expression", "Classifier", "Name", "Requires-Dist", "X"]),
            st.text(max_size=40) | st.sampled_from(["MIT", "MIT AND", "License :: OSI Approved", "UNKNOWN"]),
        ),
        max_size=10,
    )
)
def test_no_headers_make_it_raise(headers: list[tuple[str, str]]) -> None:
    content = "".join(f"{name}: {value}\n" for name, value in headers)
    evidence_of(read_metadata(content.encode("utf-8", "surrogatepass")))
