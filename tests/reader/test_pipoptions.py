from __future__ import annotations

from collections.abc import Callable

import pytest

from envbuilder.findings import Origin
from envbuilder.reader.gather import Refusal
from envbuilder.reader.pipoptions import Met, Sort, hash_of, read_options, report_option
from envbuilder.reader.reading import Reading

SPOT = Origin(file="f", line=1, column=1)
Start = Callable[[dict[str, str | bytes]], Reading]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("--index-url https://example.org", "--index-url", "https://example.org"),
        ("--index-url=https://example.org", "--index-url", "https://example.org"),
        ("-i https://example.org", "--index-url", "https://example.org"),
        ("-ihttps://example.org", "--index-url", "https://example.org"),
        ("--extra-index https://example.org", "--extra-index-url", "https://example.org"),
        ("--find-links 'a b'", "--find-links", "a b"),
        ("-f a\\b", "--find-links", "a\\b"),
        ("-rother.txt", "--requirement", "other.txt"),
        ("--requirem=other.txt", "--requirement", "other.txt"),
        ("-c other.txt", "--constraint", "other.txt"),
        ("-e .", "--editable", "."),
        ("-e ./a ; os_name == 'x'", "--editable", "./a ; os_name == 'x'"),
        ("--pre", "--pre", ""),
        ("--no-index", "--no-index", ""),
        ("--conda-pkg openssl", "--conda-pkg", "openssl"),
        ("--strange", "--strange", ""),
        ("-x", "-x", ""),
    ],
)
def test_forms(text: str, name: str, value: str) -> None:
    (met,) = read_options(text, SPOT)
    assert (met.name, met.value) == (name, value)


def test_several_on_a_line() -> None:
    found = read_options("--pre --trusted-host example.org --hash=sha256:00", SPOT)
    assert [met.sort for met in found] == [Sort.OTHER, Sort.HOST, Sort.HASH]


@pytest.mark.parametrize(
    "text", ["--pre numpy", "--index-url", "-r", "--find-links 'a", "--pre --", "--re x", "--index-url -r x"]
)
def test_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_options(text, SPOT)
    assert caught.value.code == "input/malformed-requirement"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("-i https://example.org/s", {"source/index-override"}),
        ("-i http://example.org/s", {"source/index-override", "source/insecure-transport"}),
        ("-i https://u:p@example.org/s", {"source/index-override", "source/credentials"}),
        ("--extra-index-url https://example.org", {"source/index-override"}),
        ("--no-index", {"source/index-override"}),
        ("-f https://example.org", {"source/index-override"}),
        ("-f ./wheels", {"source/local-path"}),
        ("-f ../wheels", {"source/local-path"}),
        ("-f file:///wheels", {"source/local-path"}),
        ("-f wheels", {"source/local-path"}),
        ("--trusted-host example.org", {"source/insecure-transport"}),
        ("--no-binary :all:", {"source/forbidden-option"}),
        ("--only-binary x", {"source/forbidden-option"}),
        ("--pre", {"source/forbidden-option"}),
        ("--prefer-binary", {"source/forbidden-option"}),
        ("--use-feature=fast-deps", {"source/forbidden-option"}),
        ("--global-option=--x", {"source/forbidden-option"}),
        ("--config-settings a=b", {"source/forbidden-option"}),
        ("--conda-pkg openssl", {"source/forbidden-option"}),
    ],
)
def test_findings(reading: Start, text: str, codes: set[str]) -> None:
    opened = reading({})
    (met,) = read_options(text, SPOT)
    option = report_option(met, opened, SPOT)
    assert {finding.code for finding in opened.gathering.findings} == codes
    assert option.name == met.name
    assert "u:p" not in repr(option)
    assert "u:p" not in repr(opened.gathering.findings)


def test_hashes(reading: Start) -> None:
    opened = reading({})

    def read(value: str) -> str | None:
        return hash_of(Met(sort=Sort.HASH, name="--hash", value=value), opened, SPOT)

    assert read("SHA256:" + "AB" * 32) == "sha256:" + "ab" * 32
    assert read("md5:" + "ab" * 16) is None
    assert [finding.code for finding in opened.gathering.findings] == ["source/weak-hash"]
    for wrong in ("sha256:1234", "sha256:" + "xy" * 32, "blake:00", ""):
        with pytest.raises(Refusal):
            read(wrong)
