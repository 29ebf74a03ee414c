from __future__ import annotations

from collections.abc import Callable

import pytest

from envbuilder.findings import Finding, Level, Origin
from envbuilder.reader.condafile import CondaFile, read_conda_file
from envbuilder.reader.gather import Refusal
from envbuilder.reader.reading import Reading
from envbuilder.spec import ReferenceKind

Start = Callable[[dict[str, str | bytes]], Reading]


def read(start: Start, text: str) -> tuple[CondaFile, Reading]:
    opened = start({"conda.yaml": text})
    return read_conda_file("conda.yaml", opened), opened


def reported(opened: Reading, area: str = "") -> list[tuple[str, str]]:
    return [(f.code, str(f.origin)) for f in opened.gathering.findings if f.code.startswith(area)]


def refused(opened: Reading) -> list[Finding]:
    return [finding for finding in opened.gathering.findings if finding.refuses]


WHOLE = """\
name: mlflow-env
channels:
- conda-forge
- nodefaults
dependencies:
- pip:
  # a comment
  - mlflow== 1.26.1
  - '# Locked requirements'
  - 'psutil  # [linux64]'
  - --extra-index-url https://example.org/simple
  -
- python=3.8.8=hdb3f193_5
- pip=20.2
- setuptools <60
- NumPy=1.19.2
- conda-forge::scipy
"""


def test_the_whole_file(reading: Start) -> None:
    file, opened = read(reading, WHOLE)
    assert file.python is not None
    assert (file.python.text, str(file.python.origin)) == ("3.8.8", "conda.yaml:13:3")
    assert [seed.text for seed in file.seeds] == ["pip==20.2.*", "setuptools<60"]
    assert [(c.name, c.version, c.channel) for c in file.conda] == [
        ("numpy", "=1.19.2", ""),
        ("scipy", "", "conda-forge"),
    ]
    assert [item.text for item in file.pip.requirements] == ["mlflow==1.26.1", "psutil"]
    assert str(file.pip.requirements[0].origin) == "conda.yaml:8:5"
    assert [channel.text for channel in file.channels] == ["conda-forge", "nodefaults"]
    assert reported(opened) == [("source/index-override", "conda.yaml:11:5")]


@pytest.mark.parametrize(
    ("text", "channels", "codes"),
    [
        ("dependencies: [a]", ["defaults"], ["channel/implicit-defaults"]),
        ("channels:\ndependencies: [a]", ["defaults"], ["channel/implicit-defaults"]),
        ("channels: []", ["defaults"], ["channel/implicit-defaults"]),
        ("channels: conda-forge", ["conda-forge"], ["input/not-a-list", "channel/implicit-defaults"]),
        ("channels: [conda-forge, nodefaults]", ["conda-forge", "nodefaults"], []),
        ("channels: [NoDefaults]", ["NoDefaults"], []),
        ("channels: [conda-forge]", ["conda-forge"], ["channel/implicit-defaults"]),
        ("channels: [defaults]", ["defaults"], ["channel/restricted"]),
        ("channels: [Anaconda, nodefaults]", ["Anaconda", "nodefaults"], ["channel/restricted"]),
        ("channels: [http://example.org/x, nodefaults]", ["http://example.org/x", "nodefaults"], ["channel/insecure-transport"]),
        ("channels: [file:///x, nodefaults]", ["file:///x", "nodefaults"], ["channel/local"]),
        ("channels: ['https://s3cret@example.org/x', nodefaults]", ["https://****@example.org/x", "nodefaults"], ["source/credentials"]),
        ("channels: ['https://example.org/${X}', nodefaults]", ["https://example.org/${X}", "nodefaults"], ["source/env-expansion"]),
    ],
)  # fmt: skip
def test_channels(reading: Start, text: str, channels: list[str], codes: list[str]) -> None:
    file, opened = read(reading, text)
    assert [channel.text for channel in file.channels] == channels
    assert [code for code, _ in reported(opened)] == codes
    assert "s3cret" not in repr(opened.gathering.findings)


def test_the_implied_channel_has_no_place(reading: Start) -> None:
    file, opened = read(reading, "dependencies: [a]")
    assert file.channels[0].origin is None
    assert opened.gathering.findings[0].level is Level.ERROR
    assert opened.gathering.findings[0].origin == Origin(file="conda.yaml")


@pytest.mark.parametrize(
    ("item", "codes"),
    [
        ("defaults::a", {"channel/restricted"}),
        ("defaults::python=3.8", {"channel/restricted"}),
        ("'a[channel=pkgs/main]'", {"channel/restricted"}),
        ("https://repo.anaconda.com/pkgs/main::a", {"channel/restricted"}),
        ("../../evil::a", {"channel/local"}),
        ("https://s3cret@example.org/x::a", {"source/credentials"}),
        ("http://example.org/x::a", {"channel/insecure-transport"}),
        ("'https://${T}@example.org/x::a'", {"source/env-expansion", "source/credentials"}),
        ("https://example.org/linux-64/a-1-0.conda", {"source/direct-url"}),
        (
            "https://repo.anaconda.com/pkgs/main/linux-64/a-1-0.conda",
            {"source/direct-url", "channel/restricted"},
        ),
        ("'a[url=https://example.org/a-1-0.conda]'", {"source/direct-url"}),
        ("./a-1-0.conda", {"source/local-path", "channel/local"}),
        ("npm: [x]", {"input/unknown-key"}),
        ("sel(linux): gdb", {"input/unknown-key"}),
    ],
)
def test_findings_of_an_item(reading: Start, item: str, codes: set[str]) -> None:
    _, opened = read(reading, f"channels: [conda-forge, nodefaults]\ndependencies:\n- {item}\n")
    assert {code for code, _ in reported(opened)} == codes
    assert {place for _, place in reported(opened)} == {"conda.yaml:3:3"}
    assert not refused(opened)
    assert "s3cret" not in repr(opened.gathering.findings)


def test_a_package_by_url_is_a_direct_reference(reading: Start) -> None:
    file, _ = read(reading, "dependencies: ['https://example.org/linux-64/a-1-0.tar.bz2']")
    assert file.conda == ()
    assert [(d.kind, d.name) for d in file.direct] == [(ReferenceKind.ARCHIVE, None)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dependencies: [python=./evil]", "input/python-version"),
        ("dependencies: [python=--help]", "input/python-version"),
        ("dependencies: ['python >=3.x']", "input/python-version"),
        ("dependencies: [python=3.8, python=3.9]", "input/conflicting-requirement"),
        ("dependencies: [a=1.0, A=2.0]", "input/conflicting-requirement"),
        ("dependencies: [a b c d]", "input/malformed-requirement"),
        ("dependencies: [[a]]", "input/not-a-string"),
        ("dependencies: a", "input/not-a-list"),
        ("dependencies: {a: 1}", "input/not-a-list"),
        ("dependencies: [{pip: a}]", "input/not-a-list"),
        ("dependencies: [{pip: [{a: b}]}]", "input/not-a-string"),
        ("dependencies: [{pip: ['a b']}]", "input/malformed-requirement"),
        ('dependencies: ["a\\u2028b"]', "input/line-separator"),
        ('dependencies: [{pip: ["a # b\\nc"]}]', "input/line-separator"),
        ("channels: [{a: b}]", "input/not-a-string"),
        ("channels: ['']", "input/empty"),
        ("dependencies: [file:///etc/a.conda]", "input/path-escape"),
    ],
)
def test_refused(reading: Start, text: str, code: str) -> None:
    _, opened = read(reading, text)
    assert refused(opened)[0].code == code
    assert refused(opened)[0].origin is not None


def test_the_rest_is_read_and_told(reading: Start) -> None:
    file, opened = read(reading, "dependencies:\n- a b c d\n- ok\n- ? x\n")
    assert [c.name for c in file.conda] == ["ok"]
    assert str(refused(opened)[0].origin) == "conda.yaml:2:3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: mlflow-env", []),
        ("name: ../../x", ["input/ignored-key"]),
        ("prefix: /usr", ["input/ignored-key"]),
        ("variables: {A: b}", ["input/ignored-key"]),
        ("platforms: [linux-64]", ["input/ignored-key"]),
        ("\uff44ependencies: [a]", ["input/unknown-key"]),
        ("dependancies: [a]", ["input/unknown-key"]),
    ],
)
def test_keys(reading: Start, text: str, expected: list[str]) -> None:
    _, opened = read(reading, f"channels: [nodefaults]\n{text}\n")
    assert [code for code, _ in reported(opened, "input/")] == expected


def test_a_misspelt_key_is_guessed(reading: Start) -> None:
    _, opened = read(reading, "dependancies: [a]")
    assert opened.gathering.findings[0].hint == "did you mean dependencies?"


def test_nothing_to_read(reading: Start) -> None:
    with pytest.raises(Refusal) as caught:
        read(reading, "")
    assert caught.value.code == "input/empty"


def test_equal_lines_and_ranges_pass(reading: Start) -> None:
    file, opened = read(
        reading, "dependencies: [a, a=1.2, 'a>=1', 'numpy~=1.18.0', numpy==1.18.5, python, python=3.8]"
    )
    assert not refused(opened)
    assert len(file.conda) == 5
