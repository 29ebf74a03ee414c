from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Refusal
from envbuilder.reader.reading import Reading
from envbuilder.reader.references import Reference, looks_like_reference, read_reference
from envbuilder.spec import DirectReference, ReferenceKind

SPOT = Origin(file="f", line=1, column=1)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
Start = Callable[[dict[str, str | bytes]], Reading]


def judged(target: str, opened: Reading) -> tuple[DirectReference, set[str]]:
    found = read_reference(Reference(target=target, origin=SPOT), opened)
    return found, {finding.code for finding in opened.gathering.findings}


@pytest.mark.parametrize(
    "text",
    ["./x", "../x", "/x", "~/x", "wheels/x.whl", "x.whl", "x-1.tar.gz", "C:\\x", "\\\\host\\x",
     "https://example.org/x", "git+https://example.org/x", "git+ext::sh", "file:x", "wheels/x.whl ; os_name=='a'"],
)  # fmt: skip
def test_is_a_reference(text: str) -> None:
    assert looks_like_reference(text)


@pytest.mark.parametrize(
    "text", ["numpy", "numpy==1.0", "a @ https://example.org/x", "a;os_name=='a/b'", "a[b/c]"]
)
def test_is_a_name(text: str) -> None:
    assert not looks_like_reference(text)


@pytest.mark.parametrize(
    ("target", "kind", "name", "codes"),
    [
        ("https://example.org/a_B-1.0-py3-none-any.whl", "url", "a-b", {"source/direct-url"}),
        ("https://example.org/a.tar.gz#egg=Nam.e", "url", "nam-e", {"source/direct-url"}),
        ("http://example.org/a.zip", "url", None, {"source/direct-url", "source/insecure-transport"}),
        ("https://u:p@example.org/a.zip", "url", None, {"source/direct-url", "source/credentials"}),
        ("https://example.org/a.zip#md5=00", "url", None, {"source/direct-url", "source/weak-hash"}),
        (f"git+https://example.org/a@{COMMIT}", "vcs", None, {"source/direct-url"}),
        ("git+https://example.org/a@main", "vcs", None, {"source/direct-url", "source/vcs-unpinned"}),
        ("git+ssh://git@example.org/a.git", "vcs", None, {"source/direct-url", "source/vcs-unpinned"}),
        ("git+${SERVER}/a", "vcs", None, {"source/direct-url", "source/vcs-unpinned"}),
    ],
)
def test_located(reading: Start, target: str, kind: str, name: str | None, codes: set[str]) -> None:
    found, reported = judged(target, reading({}))
    assert (found.kind.value, found.name) == (kind, name)
    assert reported == codes


def test_digest_of_a_fragment(reading: Start) -> None:
    found, _ = judged("https://example.org/a.whl#sha256=" + "AB" * 32, reading({}))
    assert found.digest == "sha256:" + "ab" * 32


def test_a_wheel_of_the_model_is_hashed(reading: Start) -> None:
    opened = reading({"wheels/a-1-py3-none-any.whl": b"x"})
    found, codes = judged("wheels/a-1-py3-none-any.whl", opened)
    assert found.kind is ReferenceKind.PATH
    assert found.name == "a"
    assert found.digest == "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert codes == {"source/local-path"}


def test_a_wheel_that_is_not_there(reading: Start) -> None:
    opened = reading({})
    found, codes = judged("./a.whl", opened)
    assert found.digest == ""
    assert codes == {"source/local-path", "input/missing-file"}
    assert opened.absent == ("a.whl",)
    assert not opened.gathering.refused


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("", "input/url-malformed"),
        ("git@example.org:a/b.git", "input/url-malformed"),
        ("git+git@example.org:a/b.git", "input/url-malformed"),
        ("https:///x", "input/url-malformed"),
        ("https://-x/y", "input/url-malformed"),
        ("git+ssh://-oProxyCommand=x/y", "input/url-malformed"),
        ("git+ssh://%2DoProxyCommand=x/y", "input/url-malformed"),
        ("git+ssh://-u@example.org/y", "input/url-malformed"),
        ("git+https://example.org/x@--upload-pack=y", "input/url-malformed"),
        ("git+https://example.org/x@%2d-y", "input/url-malformed"),
        ("https://example.org/a b", "input/url-malformed"),
        ("https://example.org/a%0ab", "input/url-malformed"),
        ("https://example.org\\@evil/x", "input/url-malformed"),
        ("https://[::1/x", "input/url-malformed"),
        ("https://example.org:x/y", "input/url-malformed"),
        ("https://ex\u0430mple.org/y", "input/url-malformed"),
        ("git+https://example.org/x#subdirectory=../../y", "input/path-escape"),
        ("git+file:///x", "input/path-escape"),
        ("file:///etc/x", "input/path-escape"),
        ("FILE:/etc/x", "input/path-escape"),
        ("file:..%2f..%2fx", "input/path-escape"),
        ("file://host/x", "input/path-escape"),
        ("../x", "input/path-escape"),
        ("C:\\x", "input/path-escape"),
        ("svn+ssh://example.org/x", "input/url-scheme"),
        ("hg+https://example.org/x", "input/url-scheme"),
        ("bzr+https://example.org/x", "input/url-scheme"),
        ("git+ext::sh", "input/url-scheme"),
        ("ext::sh", "input/url-scheme"),
        ("ftp://example.org/x", "input/url-scheme"),
        ("git://example.org/x", "input/url-scheme"),
        ("data:text/x", "input/url-scheme"),
        ("https://example.org/" + "x" * 3000, "input/too-long"),
    ],
)
def test_refused(reading: Start, target: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        judged(target, reading({}))
    assert caught.value.code == code
    assert caught.value.origin == SPOT
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("./wheels/x.whl", "wheels/x.whl"),
        ("in/../x", "x"),
        (".", "."),
        ("file:x", "x"),
        ("file:x#egg=y&subdirectory=a/b", "x/a/b"),
        ("https://example.org/x.whl", ""),
        (f"git+https://example.org/x@{COMMIT}", ""),
    ],
)
def test_what_is_meant_inside_the_model(target: str, path: str, reading: Start) -> None:
    assert judged(target, reading({}))[0].path == path


def test_no_secret_is_shown(reading: Start) -> None:
    opened = reading({})
    found, _ = judged("git+https://s3cret@example.org/x?token=s3cret", opened)
    assert "s3cret" not in repr(found)
    assert "s3cret" not in repr(opened.gathering.findings)


@settings(max_examples=60)
@given(target=st.text(max_size=60))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, target: str) -> None:
    with Directory(tmp_path_factory.getbasetemp()) as directory:
        try:
            found = read_reference(Reference(target=target, origin=SPOT), Reading(directory))
        except Refusal as refusal:
            assert refusal.code.startswith("input/")
        else:
            assert found.url.secret
