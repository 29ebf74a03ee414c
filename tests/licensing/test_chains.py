"""The way from a line of the model to a package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envbuilder.findings import Origin
from envbuilder.licensing.chains import Chain, marker_environment, ways_of
from envbuilder.licensing.metadata import Metadata
from envbuilder.licensing.setuptools_requires import read_requires
from envbuilder.lock import Artifact, Kind, Lock, ModelTree, Target
from envbuilder.redact import SafeUrl
from envbuilder.spec import DirectReference, EnvSpec, Provenance, PypiName, PypiRequirement, ReferenceKind

TARGET = Target(python="3.8.18", platform="linux-x86_64", floor="glibc-2.36")


def lock_of(*names: str) -> Lock:
    artifacts = tuple(
        Artifact(
            name=PypiName(name), version="1", kind=Kind.WHEEL, filename=f"{name}.whl", url=SafeUrl("https://e"),
            sha256=name,
        )
        for name in names
    )  # fmt: skip
    return Lock(target=TARGET, artifacts=artifacts, spec_id="s", engine="uv", as_of=None)


def asked(name: str, line: int, *, extras: tuple[str, ...] = (), primary: bool = True) -> PypiRequirement:
    origin = Origin(file="requirements.txt", line=line)
    return PypiRequirement(
        name=PypiName(name), specifier="==1", extras=extras, origin=origin, primary=primary
    )


def spec_of(*pypi: PypiRequirement, seeds: tuple[PypiRequirement, ...] = ()) -> EnvSpec:
    return EnvSpec(python=(), pypi=pypi, seeds=seeds, provenance=Provenance(model="m"))


def needs(**requires: list[str]) -> dict[str, Metadata]:
    return {name: Metadata(requires=tuple(lines)) for name, lines in requires.items()}


def line(number: int) -> Origin:
    return Origin(file="requirements.txt", line=number)


def test_the_shortest_way_is_told_with_the_line_that_asked() -> None:
    spec = spec_of(asked("mlflow", 1), asked("pandas", 2))
    known = needs(
        mlflow=["Alembic>1", "pandas"], pandas=["numpy (>=1.0)"], alembic=["mako", "numpy"], mako=[], numpy=[]
    )
    ways = ways_of(lock_of("alembic", "mako", "mlflow", "numpy", "pandas"), spec, known)
    assert ways.chains == {
        "mlflow": Chain(names=("mlflow==1",), origin=line(1)),
        "pandas": Chain(names=("pandas==1",), origin=line(2)),
        "alembic": Chain(names=("mlflow==1", "alembic"), origin=line(1)),
        "mako": Chain(names=("mlflow==1", "alembic", "mako"), origin=line(1)),
        "numpy": Chain(names=("pandas==1", "numpy"), origin=line(2)),
    }
    assert ways.requires["mlflow"] == ("alembic", "pandas")


def test_markers_are_those_of_the_target_and_extras_those_that_were_asked_for() -> None:
    spec = spec_of(asked("a", 1, extras=("gpu",)))
    known = needs(
        a=[
            "old ; python_version < '3.9'",
            "new ; python_version >= '3.9'",
            "win ; sys_platform == 'win32'",
            "cuda[fast] ; extra == 'gpu'",
            "docs ; extra == 'docs'",
        ],
        cuda=["speed ; extra == 'fast'"],
    )
    chains = ways_of(lock_of("a", "old", "new", "win", "cuda", "docs", "speed"), spec, known).chains
    assert chains["old"].names == ("a[gpu]==1", "old")
    assert chains["speed"].names == ("a[gpu]==1", "cuda", "speed")
    for name in ("new", "win", "docs"):
        assert chains[name] == Chain(names=(name,))


def test_extras_that_are_asked_for_later_still_count() -> None:
    spec = spec_of(asked("a", 1), asked("b", 2))
    known = needs(a=[], b=["a[x]"], c=[])
    known["a"] = Metadata(requires=("c ; extra == 'x'",))
    assert ways_of(lock_of("a", "b", "c"), spec, known).chains["c"].names == ("b==1", "a", "c")


@pytest.mark.parametrize("name", ["own", None])
def test_a_direct_reference_is_a_line_that_asks(name: str | None) -> None:
    reference = DirectReference(
        name=PypiName(name) if name else None, kind=ReferenceKind.PATH, url=SafeUrl("./code"), path="code",
        origin=line(3),
    )  # fmt: skip
    lock = lock_of("own", "six")
    own = replace(lock.artifacts[0], source=ModelTree(path="code"))
    lock = replace(lock, artifacts=(own, lock.artifacts[1]))
    spec = replace(spec_of(), direct=(reference,))
    chains = ways_of(lock, spec, needs(own=["six"])).chains
    assert chains["six"] == Chain(names=("own @ ./code", "six"), origin=line(3))


def test_cycles_and_lines_that_nobody_can_read_do_no_harm() -> None:
    spec = spec_of(asked("a", 1))
    known = needs(a=["b", "!!!", "c ; nonsense", "d ; python_version >< '3'"], b=["a", "e"], e=[])
    assert ways_of(lock_of("a", "b", "e"), spec, known).chains["e"].names == ("a==1", "b", "e")


def test_files_that_do_not_decide_come_last() -> None:
    spec = spec_of(asked("a", 1, primary=False), asked("b", 2))
    known = needs(a=["c"], b=["c"], c=[])
    assert ways_of(lock_of("a", "b", "c"), spec, known).chains["c"].origin == line(2)


def test_what_no_way_leads_to_stands_alone() -> None:
    ways = ways_of(lock_of("a", "setuptools"), spec_of(asked("a", 1)), {})
    assert ways.chains["setuptools"] == Chain(names=("setuptools",))
    assert ways.requires == {}


def test_the_marker_environment_is_the_target() -> None:
    found = marker_environment(Target(python="3.12.1", platform="macos-arm64", floor="macos-13.0"))
    assert found["python_version"] == "3.12"
    assert (found["sys_platform"], found["platform_machine"]) == ("darwin", "arm64")


def test_setuptools_own_list_of_requirements() -> None:
    content = b"six\nclick>=7\n\n[docs]\nsphinx\n\n[:python_version < '3']\nfutures\n\n[gpu:sys_platform=='linux']\ncuda\n"
    assert read_requires(content) == (
        "six", "click>=7", 'sphinx ; extra == "docs"', "futures ; (python_version < '3')",
        """cuda ; (sys_platform=='linux') and extra == "gpu\"""",
    )  # fmt: skip
    assert read_requires(b"\xff\n[\n[[\n" + b"x" * 5000) == ("\ufffd", "[", "[[", "x" * 1000)
