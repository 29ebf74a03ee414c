from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.reader.gather import Missing, Refusal

Write = Callable[[dict[str, str | bytes]], Path]


@pytest.mark.parametrize(
    ("text", "base", "inside"),
    [
        ("a.txt", "", "a.txt"),
        ("./a/./b", "", "a/b"),
        ("../a", "b", "a"),
        ("a//b", "c", "c/a/b"),
        (".", "", ""),
    ],
)
def test_inner_path(text: str, base: str, inside: str) -> None:
    assert inner_path(text, base=base) == inside


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd", "../a", "a/../../b", "~/a", "C:\\a", "C:/a", "\\\\host\\a", "a\\b", "https://example.org/a",
     "file:///a", "a\0b", "//host/a", "./https://me:pw@example.org/a", "'https://example.org/a"],
)  # fmt: skip
def test_paths_that_leave(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        inner_path(text, Origin(file="x", line=3))
    assert caught.value.code == "input/path-escape"
    assert caught.value.origin == Origin(file="x", line=3)


@pytest.mark.parametrize("text", ["a\u200bb", "a\u202eb", "a\x1bb", "a\nb"])
def test_hidden_characters(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        inner_path(text)
    assert caught.value.code == "input/control-character"
    assert caught.value.message.isprintable()


def test_long_path() -> None:
    with pytest.raises(Refusal, match="characters"):
        inner_path("a/" * 1000)


def test_reads_and_hashes_once(model: Write) -> None:
    root = model({"a/b.txt": "hello"})
    with Directory(root) as directory:
        source = directory.read("a/b.txt")
        assert source.content == b"hello"
        assert source.sha256 == hashlib.sha256(b"hello").hexdigest()
        (root / "a" / "b.txt").write_text("changed")
        assert directory.read("a/b.txt") is source
        assert directory.files == (source,)


def test_digest_keeps_no_content(model: Write) -> None:
    with Directory(model({"x.whl": b"1234"})) as directory:
        assert directory.digest("x.whl") == hashlib.sha256(b"1234").hexdigest()
        assert directory.files[0].content == b""


def test_missing_file(model: Write) -> None:
    with Directory(model({})) as directory:
        assert not directory.has("a")
        with pytest.raises(Missing):
            directory.read("a")
        with pytest.raises(Missing):
            directory.read("a/b/c")


def test_limit(model: Write) -> None:
    with Directory(model({"a": "12345"})) as directory, pytest.raises(Refusal) as caught:
        directory.read("a", limit=4)
    assert caught.value.code == "input/too-long"


def test_links_inside_are_followed(model: Write) -> None:
    root = model({"blobs/1": "content"})
    (root / "relative").symlink_to("blobs/1")
    (root / "folder").symlink_to("blobs")
    (root / "absolute").symlink_to(root / "blobs" / "1")
    (root / "chain").symlink_to("folder/1")
    with Directory(root) as directory:
        for name in ("relative", "folder/1", "absolute", "chain"):
            assert directory.read(name).content == b"content"


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "../outside", "folder/../../outside", "nowhere", "loop", "/dev/zero", "."]
)
def test_links_that_are_not_followed(model: Write, target: str) -> None:
    root = model({"folder/x": ""})
    (root.parent / "outside").write_text("secret")
    (root / "loop").symlink_to("loop")
    (root / "a").symlink_to(target)
    with Directory(root) as directory, pytest.raises(Refusal) as caught:
        directory.read("a")
    assert caught.value.code == "input/symlink"


def test_the_root_may_be_a_link(model: Write, tmp_path: Path) -> None:
    root = model({"a": "1"})
    (tmp_path / "link").symlink_to(root)
    (root / "b").symlink_to(tmp_path / "model" / "a")
    with Directory(tmp_path / "link") as directory:
        assert directory.read("b").content == b"1"


def test_only_regular_files(model: Write) -> None:
    root = model({"folder/x": ""})
    os.mkfifo(root / "fifo")
    with Directory(root) as directory:
        for name in ("folder", "fifo"):
            with pytest.raises(Refusal) as caught:
                directory.read(name)
            assert caught.value.code == "input/not-a-regular-file"


def test_number_of_files(model: Write) -> None:
    root = model({str(n): "" for n in range(limits.FILES + 1)})
    with Directory(root) as directory:
        for n in range(limits.FILES):
            directory.read(str(n))
        with pytest.raises(Refusal) as caught:
            directory.read(str(limits.FILES))
    assert caught.value.code == "input/too-many"


def test_names(model: Write) -> None:
    root = model({"b": "", "a/c": ""})
    (root / "link").symlink_to("a")
    with Directory(root) as directory:
        assert directory.names() == ("a", "b", "link")
        assert directory.names("a") == ("c",)
        assert directory.names("link") == ()
        assert directory.names("nothing") == ()


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(EnvbuilderError) as caught:
        Directory(tmp_path / "nothing")
    assert caught.value.code == "input/missing-file"
