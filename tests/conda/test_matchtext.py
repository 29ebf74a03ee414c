"""What the solver is asked means what the files say: judged by the solver's own reading, which is py-rattler's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rattler import MatchSpec

from envbuilder.conda.matchtext import pin_text, spec_text
from envbuilder.errors import EnvbuilderError, ResolveError
from envbuilder.findings import Origin
from envbuilder.reader.lines import without_comment
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.spec import CondaName

SPOT = Origin(file="conda.yaml", line=4, column=5)
SHARED = Path(__file__).parents[3] / "shared"


def asked(text: str) -> str:
    return spec_text(read_matchspec(text, SPOT))


def meaning(spec: MatchSpec) -> tuple[Any, ...]:
    """Return all that a specification says; ``*`` is said by saying nothing."""
    version, build = str(spec.version or "*"), str(spec.build or "*")
    channel = spec.channel.base_url if spec.channel else None
    more = (spec.build_number, spec.file_name, spec.md5, spec.sha256)
    return (str(spec.name), version, build, channel, spec.subdir, *map(str, more))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("numpy", "numpy"),
        ("NumPy=*", "numpy"),
        ("numpy=1.19", 'numpy[version="1.19.*"]'),
        ("numpy=1.19.2=py38_0", 'numpy[version="==1.19.2",build="py38_0"]'),
        ("numpy 1.19.2", 'numpy[version="==1.19.2"]'),
        ("numpy==1.19.*", 'numpy[version="1.19.*"]'),
        ("numpy===1.19", 'numpy[version="==1.19"]'),
        ("a>=1 , < 2", 'a[version=">=1,<2"]'),
        ("a>=2.*,!=3.*", 'a[version=">=2,!=3.*"]'),
        ("a 1.2|1.3", 'a[version="==1.2|==1.3"]'),
        ("a>=1,<2=py38*", 'a[version=">=1,<2",build="py38*"]'),
        ("blas[build=mkl] # why", 'blas[build="mkl"]'),
        ("conda-forge/linux-64::a", 'a[subdir="linux-64",channel="https://conda.anaconda.org/conda-forge"]'),
        ("https://u:p@c.example.org/Own/x::a", 'a[channel="https://c.example.org/Own/x"]'),
        ("a[build_number='>=2', fn=x.conda]", 'a[build_number=">=2",fn="x.conda"]'),
    ],
)
def test_one_spelling_that_is_read_strictly(text: str, after: str) -> None:
    assert asked(text) == after
    MatchSpec(after, strict=True)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a=1.*.3", "a version like =1.*.3"),
        ("a==1..2", "a version like ==1..2"),
        ("a[features=mkl]", "features=mkl"),
        ("a[md5=00]", "md5=00"),
        ("a[build='^py3[78]$']", None),
        ("a=1=^py.$", "a build like ^py.$"),
        ("file:///x::a", "the channel file:///x"),
    ],
)
def test_what_the_solver_cannot_be_asked_fails_by_its_line(text: str, what: str | None) -> None:
    with pytest.raises(EnvbuilderError) as caught:
        asked(text)
    if what:
        assert isinstance(caught.value, ResolveError)
        assert caught.value.requirements == ((SPOT, text),)
        assert caught.value.message.startswith(f"{what} cannot be asked of conda channels: ")


def test_pins_of_the_index() -> None:
    name = CondaName("a")
    assert pin_text(name, "==1.2.*,!=1.2.3,~=1.2.0") == 'a[version="1.2.*,!=1.2.3,~=1.2.0"]'
    assert pin_text(name, "===1.9.0") == 'a[version="==1.9.0"]'
    assert pin_text(name, "==1.9.0+cu102") == "a"
    assert pin_text(name, "") == "a"


def _in_files() -> Iterator[str]:
    """Yield the conda dependencies of all real models and environment files."""
    for path in sorted((SHARED / "corpus").rglob("*.y*ml")):
        try:
            loaded = yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)
        except yaml.YAMLError:
            continue
        items = loaded.get("dependencies") if isinstance(loaded, dict) else None
        yield from (item for item in items or () if isinstance(item, str))


def _in_records() -> Iterator[str]:
    """Yield what real packages of channels say of each other."""
    for path in sorted((SHARED / "conda-data" / "conda-forge-real").rglob("repodata*.json")):
        found = json.loads(path.read_bytes())
        for record in (*found.get("packages", {}).values(), *found.get("packages.conda", {}).values()):
            yield from (*record.get("depends", ()), *record.get("constrains", ()))


@pytest.mark.skipif(not SHARED.is_dir(), reason="neither models nor records are here")
@pytest.mark.parametrize(("texts", "least"), [(_in_files, 400), (_in_records, 4000)])
def test_every_real_dependency_means_what_it_says(texts: Any, least: int) -> None:
    known = sorted({without_comment(text) for text in texts()} - {"", "-r requirements.txt"})
    assert len(known) >= least
    for text in known:
        assert meaning(MatchSpec(asked(text), strict=True)) == meaning(MatchSpec(text, strict=False)), text


_NUMBERS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2}){0,3}((a|b|rc|\.post|\.dev)[0-9])?", fullmatch=True)
_CLAUSES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["==", ">=", "<=", "<", ">", "!=", "~="]), _NUMBERS),
    st.builds("{}{}.*".format, st.sampled_from(["", "!="]), _NUMBERS),
)
_VERSIONS = st.one_of(
    st.builds("={}".format, _NUMBERS),
    st.builds(
        lambda first, rest: first + "".join(rest),
        _CLAUSES,
        st.lists(st.builds("{}{}".format, st.sampled_from([",", "|", " , "]), _CLAUSES), max_size=3),
    ),
)
_BUILDS = st.from_regex(r"[a-z0-9_]{1,8}\*?", fullmatch=True)
_WISHES = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "conda-forge::", "bioconda/noarch::", "https://c.example.org/A/b::"]),
    st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}[a-z0-9]", fullmatch=True),
    st.sampled_from(["", " "]),
    _VERSIONS.map(lambda text: text if text[0] in "=<>!~" else f" {text}"),
    st.one_of(
        st.just(""),
        st.builds("[build='{}']".format, _BUILDS),
        st.builds("[build_number={}]".format, st.integers(0, 99)),
    ),
)


@given(_WISHES)
def test_every_spelling_means_to_the_solver_what_it_says(text: str) -> None:
    assert meaning(MatchSpec(asked(text), strict=True)) == meaning(MatchSpec(text, strict=False))


@given(st.text(alphabet="ab01.*=<>!~|, _-[]'\"^$()+:/x", max_size=24))
def test_nothing_is_asked_that_the_solver_cannot_read(text: str) -> None:
    try:
        spec = asked(f"a{text}")
    except EnvbuilderError:
        return
    MatchSpec(spec, strict=True)
    again = read_matchspec(spec, SPOT)
    assert spec_text(again) == spec
