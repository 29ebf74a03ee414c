from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.gather import Refusal
from envbuilder.reader.pep508 import checked_marker, name_of, requirement, split_extras
from envbuilder.spec import PypiRequirement

SPOT = Origin(file="f", line=1, column=1)


def parse(text: str) -> PypiRequirement:
    name, rest = name_of(text, SPOT)
    extras, rest = split_extras(rest, SPOT)
    return requirement(name, extras, rest, SPOT)


def code_of(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert caught.value.origin == SPOT
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("numpy", "numpy"),
        ("Typing_Extensions", "typing-extensions"),
        ("mlflow== 1.26.1", "mlflow==1.26.1"),
        ("a >= 1 , < 2", "a>=1,<2"),
        ("a (>=1,<2)", "a>=1,<2"),
        ("a>=1,", "a>=1"),
        ("a==1.*", "a==1.*"),
        ("a~=1.1", "a~=1.1"),
        ("a===1.0-whatever", "a===1.0-whatever"),
        ("torch==1.9.0+cu102", "torch==1.9.0+cu102"),
        ("a==3.0.0.rc8", "a==3.0.0.rc8"),
        ("a[y,X_z]==1", "a[x-z,y]==1"),
        ("a[]", "a"),
        ("a;python_version<'3'", "a ; python_version<'3'"),
        ("a==1 ; os_name == 'posix'", "a==1 ; os_name == 'posix'"),
        ("werkzeug=3.0.3", "werkzeug=3.0.3"),
        ("numpy = 1.19.*", "numpy=1.19.*"),
    ],
)
def test_forms(text: str, canonical: str) -> None:
    found = parse(text)
    assert found.text == canonical
    assert parse(canonical) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "input/malformed-requirement"),
        ("==1", "input/malformed-requirement"),
        ("-a", "input/malformed-requirement"),
        ("a b", "input/malformed-requirement"),
        ("a==", "input/malformed-requirement"),
        ("a=", "input/malformed-requirement"),
        ("a=0!", "input/malformed-requirement"),
        ("a=1.1.1l", "input/malformed-requirement"),
        ("a==1 2", "input/malformed-requirement"),
        ("a==5.*.*", "input/malformed-requirement"),
        ("a=>1", "input/malformed-requirement"),
        ("a==1.0-x-y", "input/malformed-requirement"),
        ("a==\u0661.0", "input/malformed-requirement"),
        ("a[b", "input/malformed-requirement"),
        ("a[b!]", "input/malformed-requirement"),
        ("a;", "input/malformed-requirement"),
        ("a; rm -rf", "input/malformed-requirement"),
        ("a; os_name == 'https://me:pw@example.org/'", "input/malformed-requirement"),
        ("a; os_name == '\u0430'", "input/malformed-requirement"),
        ("p\u0430ndas", "input/non-ascii-name"),
        ("\u212aeras", "input/non-ascii-name"),
        ("\u200bnumpy", "input/non-ascii-name"),
        ("numpy\u00a0", "input/non-ascii-name"),
        ("a[\u0430]", "input/non-ascii-name"),
        ("a" * 129, "input/too-long"),
        ("a==" + "1" * 129, "input/too-long"),
        ("a=" + "1" * 129, "input/too-long"),
        ("a==1." + "9" * 20, "input/too-long"),
        ("a[" + "b" * 129 + "]", "input/too-long"),
        ("a; os_name == '" + "x" * 5000 + "'", "input/too-long"),
        ("a[" + ",".join(f"e{n}" for n in range(65)) + "]", "input/too-many"),
        ("a" + ",".join(f"!={n}" for n in range(65)), "input/too-many"),
        ("a; " + "(" * 65 + "os_name=='x'" + ")" * 65, "input/too-deep"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert code_of(text) == code


def test_parentheses_in_strings_are_no_depth() -> None:
    assert checked_marker("os_name == '" + "(" * 100 + "'", SPOT)


names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9])?", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|rc)[0-9])?(\.post[0-9])?", fullmatch=True)
clauses = st.builds(str.__add__, st.sampled_from(["==", ">=", "<=", "<", ">", "!="]), versions)
markers = st.sampled_from(["", "python_version < '3.8'", "(os_name=='a' or os_name=='b') and extra == \"x\""])


@given(names, st.lists(names, max_size=3), st.lists(clauses, max_size=3), markers)
def test_written_and_read_again(name: str, extras: list[str], parts: list[str], marker: str) -> None:
    text = f"{name} [{', '.join(extras)}] {' , '.join(parts)}" + (f" ; {marker}" if marker else "")
    found = parse(text)
    assert parse(found.text) == found
    assert found.specifier == ",".join(parts)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    try:
        found = parse(text)
    except Refusal as refusal:
        assert refusal.message.isprintable()
    else:
        assert parse(found.text) == found
