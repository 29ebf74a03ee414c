from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.findings import Level, Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.reader.lines import Line
from envbuilder.reader.reading import Reading
from envbuilder.reader.requirements import Wanted, read_file, read_lines
from envbuilder.spec import ReferenceKind

Start = Callable[[dict[str, str | bytes]], Reading]
HASH = "sha256:" + "ab" * 32


def codes(opened: Reading) -> list[str]:
    return [finding.code for finding in opened.gathering.findings]


def refusals(opened: Reading) -> list[tuple[str, str]]:
    return [(f.code, str(f.origin)) for f in opened.gathering.findings if f.level is Level.ERROR]


def test_a_file_of_every_form(reading: Start) -> None:
    text = f"""# head
-i https://example.org/simple
numpy==1.21.0   # pinned
Pandas[excel] >= 1.1 , <2 ; python_version < '3.9'
hashed==1.0 \\
    --hash={HASH} --hash={HASH}
./wheels/own-1.0-py3-none-any.whl ; os_name == 'posix'
far @ https://example.org/far.tar.gz ; os_name == 'posix'
-e ./here
-r more.txt
-c bounds.txt
"""
    opened = reading(
        {
            "requirements.txt": text,
            "more.txt": "scipy\n",
            "bounds.txt": "scipy<2\n-r inner.txt",
            "inner.txt": "a<3",
        }
    )
    wanted = read_file("requirements.txt", opened)
    assert [item.text for item in wanted.requirements] == [
        "numpy==1.21.0",
        "pandas[excel]>=1.1,<2 ; python_version < '3.9'",
        "hashed==1.0",
        "scipy",
    ]
    assert wanted.requirements[2].hashes == (HASH,)
    assert wanted.requirements[2].origin == Origin(file="requirements.txt", line=5, column=1)
    assert [(item.text, item.origin.file) for item in wanted.constraints] == [
        ("scipy<2", "bounds.txt"),
        ("a<3", "inner.txt"),
    ]
    assert [(d.kind, d.name, d.marker) for d in wanted.direct] == [
        (ReferenceKind.PATH, "own", "os_name == 'posix'"),
        (ReferenceKind.ARCHIVE, "far", "os_name == 'posix'"),
        (ReferenceKind.EDITABLE, None, ""),
    ]
    assert [option.name for option in wanted.options] == ["--index-url"]
    assert not opened.gathering.refused
    assert opened.absent == ("wheels/own-1.0-py3-none-any.whl",)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("./tree[B,a]", "tree"),
        ("x[a,b] @ file:tree ; os_name == 'posix'", "tree"),
        ("-e ./tree[a,b]", "tree"),
        ("-e x[b,a] @ file:tree", "tree"),
        ("x[a,b] @ https://example.org/x.whl", ""),
    ],
)
def test_extras_of_a_reference_are_kept(line: str, path: str, reading: Start) -> None:
    (found,) = read_file("r.txt", reading({"r.txt": f"{line}\n"})).direct
    assert (found.extras, found.path) == (("a", "b"), path)


def test_a_path_is_relative_to_the_file_that_names_it(reading: Start) -> None:
    opened = reading({"r.txt": "-r in/r.txt\n", "in/r.txt": "./tree\n"})
    assert read_file("r.txt", opened).direct[0].path == "in/tree"


def test_single_equals_comes_through(reading: Start) -> None:
    opened = reading({"r.txt": "werkzeug=3.0.3\n"})
    (item,) = read_file("r.txt", opened).requirements
    assert item.specifier == "=3.0.3"
    assert item.pinned is None
    assert codes(opened) == ["input/malformed-requirement"]
    assert not opened.gathering.refused


def test_every_bad_line_is_told_and_the_rest_read(reading: Start) -> None:
    opened = reading({"r.txt": "a b\nnumpy\n  ?\n\nscipy\n"})
    assert [item.name for item in read_file("r.txt", opened).requirements] == ["numpy", "scipy"]
    assert refusals(opened) == [
        ("input/malformed-requirement", "r.txt:1:1"),
        ("input/malformed-requirement", "r.txt:3:3"),
    ]


def test_a_file_of_nonsense_is_left(reading: Start) -> None:
    opened = reading({"r.txt": "? ?\n" * 1000})
    read_file("r.txt", opened)
    assert len({(f.code, f.origin) for f in opened.gathering.findings}) == limits.REFUSALS_PER_FILE


def test_number_of_requirements(reading: Start) -> None:
    opened = reading({"r.txt": "a\n" * (limits.REQUIREMENTS + 10)})
    read_file("r.txt", opened)
    assert refusals(opened) == [("input/too-many", f"r.txt:{limits.REQUIREMENTS + 1}:1")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("-r ../x", "input/path-escape"),
        ("-r ..\\x", "input/path-escape"),
        ("-r /etc/passwd", "input/path-escape"),
        ("-r ~/x", "input/path-escape"),
        ("-r file:///etc/passwd", "input/path-escape"),
        ("--requirem=../x", "input/path-escape"),
        ("-r 'sub/../../x'", "input/path-escape"),
        ("-r https://example.org/x", "input/remote-include"),
        ("-chttps://example.org/x", "input/remote-include"),
        ("-r S3://example.org/x", "input/remote-include"),
        ("-r nothing.txt", "input/missing-file"),
        ("-r .", "input/not-a-regular-file"),
        ("-r r.txt", "input/include-cycle"),
        ("-c ./sub/../r.txt", "input/include-cycle"),
        ("-r", "input/malformed-requirement"),
        ("numpy -r x", "input/malformed-requirement"),
        (f"--hash={HASH}", "input/malformed-requirement"),
        ("numpy==1 --hash=sha256:12", "input/malformed-requirement"),
        ("pkg @ git+ext::sh -c id", "input/url-scheme"),
    ],
)
def test_refused_lines(reading: Start, line: str, code: str) -> None:
    opened = reading({"r.txt": f"ok\n{line}\n"})
    read_file("r.txt", opened)
    assert refusals(opened)[:1] == [(code, "r.txt:2:1")]


def test_a_cycle_by_way_of_another(reading: Start) -> None:
    opened = reading({"a.txt": "x\n-r sub/b.txt", "sub/b.txt": "y\n-r ../a.txt"})
    assert [i.name for i in read_file("a.txt", opened).requirements] == ["x", "y"]
    assert refusals(opened) == [("input/include-cycle", "sub/b.txt:2:1")]


def test_includes_that_multiply(reading: Start) -> None:
    files: dict[str, str | bytes] = {f"{n}.txt": f"-r {n + 1}.txt\n" * 3 for n in range(20)}
    opened = reading({**files, "20.txt": "x"})
    read_file("0.txt", opened)
    assert ("input/too-many") in {code for code, _ in refusals(opened)}


def test_missing_include_of_a_lenient_list(reading: Start) -> None:
    opened = reading({})
    line = Line(text="-r requirements.txt", origin=Origin(file="python_env.yaml", line=5, column=3))
    assert read_lines([line], "python_env.yaml", opened, lenient=True) == Wanted()
    assert codes(opened) == ["input/include", "input/missing-file"]
    assert not opened.gathering.refused
    assert opened.absent == ("requirements.txt",)


def test_missing_file(reading: Start) -> None:
    with pytest.raises(Missing):
        read_file("r.txt", reading({}))


def test_variables_are_reported_never_expanded(reading: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    opened = reading(
        {"r.txt": "-i https://example.org/${SECRET}/simple\na @ https://example.org/${SECRET}.zip\n"}
    )
    wanted = read_file("r.txt", opened)
    assert codes(opened).count("source/env-expansion") == 2
    assert "s3cret" not in repr(wanted) + repr(opened.gathering.findings)


names = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,6}[A-Za-z0-9]", fullmatch=True)
pins = st.from_regex(r"(==|>=|~=)[0-9]\.[0-9]{1,2}", fullmatch=True)
comments = st.sampled_from(["", "  # why", "\t#"])
items = st.tuples(
    names, st.sampled_from(["", "[a,b]"]), pins, st.sampled_from(["", " ; os_name == 'x'"]), comments
)


@settings(max_examples=50)
@given(st.lists(items, max_size=8), st.sampled_from(["\n", "\r\n", "\n\n", "\n# c\n"]))
def test_emitted_and_read_again(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, ...]], end: str
) -> None:
    first = _read(tmp_path_factory, end.join("".join(line) for line in lines))
    again = _read(tmp_path_factory, "\n".join(item.text for item in first.requirements))
    nowhere = Origin(file="x")
    assert [replace(i, origin=nowhere) for i in first.requirements] == [
        replace(i, origin=nowhere) for i in again.requirements
    ]
    assert len(first.requirements) == len(lines)


def _read(factory: pytest.TempPathFactory, text: str | bytes) -> Wanted:
    root = Path(factory.getbasetemp())
    (root / "r.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    with Directory(root) as directory:
        return read_file("r.txt", Reading(directory))


words = st.sampled_from(
    [
        "-r",
        "-e",
        "-c",
        "numpy",
        "==1",
        ";",
        "@",
        "https://",
        "[",
        "]",
        "--hash",
        "=",
        "\\\n",
        "#",
        '"',
        "'",
        "${A}",
        "\n",
    ]
)


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=80), st.lists(st.one_of(words, st.text(max_size=4)), max_size=12).map("".join)
    )
)
def test_any_file(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    with contextlib.suppress(Refusal):
        _read(tmp_path_factory, content.encode() if isinstance(content, str) else content)
