"""Locks of conda environments: both sides together, as of the day, and every step away from it told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from envbuilder.conda.attempt import Attempt
from envbuilder.conda.climb import climb
from envbuilder.conda.matching import Release
from envbuilder.conda.questions import CondaAnswer, CondaFailure, CondaQuestion, CondaSolution
from envbuilder.conda.wanted import WantedPython
from envbuilder.errors import PolicyError, ResolveError
from envbuilder.findings import Fidelity, Origin, fidelity_of
from envbuilder.request import Request
from envbuilder.resolver.engine import FailureKind
from envbuilder.settings import Settings
from envbuilder.spec import Channel, CondaRequirement, PypiName, PypiRequirement, PythonRequest
from tests.conda.toychannel import (
    SEEDS,
    Bench,
    Record,
    codes,
    index,
    need,
    python,
    record,
    shown,
    write_channel,
)
from tests.resolver.toy import Release as Toy
from tests.resolver.toy import day, release, rewritten, wheel

Made = Callable[..., Bench]

NUMPY = (
    record("numpy", "1.19.5", "python >=3.8,<3.9.0a0", build="py38_0"),
    record("numpy", "1.20.3", "python >=3.8,<3.9.0a0", build="py38_0"),
    record("numpy", "1.22.0", "python >=3.8,<3.9.0a0", build="py38_0", built="2022-01-01"),
)
SCIKIT = (
    record(
        "scikit-learn", "0.24.1", "python >=3.8,<3.9.0a0", "numpy >=1.16", "threadpoolctl", build="py38_0"
    ),
    record("threadpoolctl", "2.1.0", "python >=3.5", subdir="noarch"),
)
BASE = (*SEEDS, *NUMPY, *SCIKIT, python("3.8.18"))


@pytest.fixture
def made(tmp_path: Path, settings: Settings, cache: Path) -> Made:
    def make(*records: Record) -> Bench:
        return Bench(
            folder=write_channel(tmp_path / "channel", *(records or BASE)), settings=settings, cache=cache
        )

    return make


def seed(text: str) -> PypiRequirement:
    name, _, specifier = text.partition(" ")
    return PypiRequirement(name=PypiName(name), specifier=specifier, origin=Origin(file="conda.yaml", line=9))


MLFLOW = {"1.0": Toy(files=(wheel("mlflow", "1.0"),), requires=("numpy", "click"))}


def test_no_package_comes_twice_and_the_day_holds_for_both_sides(made: Made) -> None:
    engine = index(mlflow=MLFLOW, click=release("click", "8.0"), numpy=release("numpy", "1.18.0"))
    lock = made().resolve(rewritten("mlflow==1.0"), need("scikit-learn=0.24.1"), engine=engine)
    assert shown(lock) == (
        ["numpy=1.20.3", "pip=21.0", "python=3.8.18", "scikit-learn=0.24.1", "setuptools=50.0",
         "threadpoolctl=2.1.0", "wheel=0.36"],
        ["click==8.0", "mlflow==1.0"],
    )  # fmt: skip
    assert (lock.engine, lock.target.python, lock.as_of) == ("conda", "3.8.18", day("2021-06-01"))
    assert fidelity_of(lock.changes) is Fidelity.EXACT
    assert all(package.url.stripped.startswith("https://conda.anaconda.org/") for package in lock.conda)
    assert [p.distribution for p in lock.conda if p.name == "threadpoolctl"] == ["threadpoolctl"]


def test_without_anything_of_the_index_no_engine_is_asked(made: Made) -> None:
    engine = index()
    lock = made().resolve(rewritten(), need("scikit-learn"), engine=engine)
    assert lock.artifacts == ()
    assert engine.asked == []


def test_pins_of_pip_bind_what_conda_brings(made: Made) -> None:
    lock = made().resolve(rewritten("numpy==1.19.5"), need("scikit-learn=0.24.1"))
    assert "numpy=1.19.5" in shown(lock)[0]
    assert shown(lock)[1] == []


def test_a_pin_of_pip_beside_a_pip_list_is_kept(made: Made) -> None:
    spec = rewritten("click==8.0", seeds=(seed("pip <=20.5"),))
    lock = made().resolve(spec, need("scikit-learn"), engine=index(click=release("click", "8.0")))
    assert "pip=20.0" in shown(lock)[0]
    assert shown(lock)[1] == ["click==8.0"]


@pytest.mark.parametrize(
    ("wanted", "asker"), [("numpy=1.20.3", "numpy=1.20.3"), ("scikit-learn=0.24.1", "scikit-learn=0.24.1")]
)
def test_pins_that_exclude_each_other_are_named_with_both_lines(made: Made, wanted: str, asker: str) -> None:
    with pytest.raises(ResolveError) as error:
        made().resolve(rewritten("numpy==1.18.0"), need(wanted, line=7))
    assert error.value.code == "resolve/conda-and-pip"
    assert error.value.requirements == (
        (Origin(file="requirements.txt", line=1, column=1), "numpy==1.18.0"),
        (Origin(file="conda.yaml", line=7), asker),
    )


def test_what_the_index_needs_is_asked_of_the_channels(made: Made) -> None:
    """Nobody pinned numpy, and the newest of the day is too new for a package of pip's side."""
    old = {"1.0": Toy(files=(wheel("old", "1.0"),), requires=("numpy<1.20",))}
    engine = index(old=old, numpy=release("numpy", "1.19.5"))
    lock = made().resolve(rewritten("old==1.0"), need("scikit-learn"), engine=engine)
    assert "numpy=1.19.5" in shown(lock)[0]
    assert shown(lock)[1] == ["old==1.0"]
    assert fidelity_of(lock.changes) is Fidelity.EXACT


def test_of_a_series_any_release_does_that_the_channels_have(made: Made) -> None:
    old = {"1.0": Toy(files=(wheel("old", "1.0"),), requires=("numpy<1.20",))}
    engine = index(old=old, numpy=release("numpy", "1.19.9"))
    lock = made().resolve(rewritten("old==1.0"), need("scikit-learn"), engine=engine)
    assert "numpy=1.19.5" in shown(lock)[0]
    assert codes(lock) == []


def test_what_the_channels_cannot_give_is_kept_and_told(made: Made) -> None:
    old = {"1.0": Toy(files=(wheel("old", "1.0"),), requires=("numpy<1.18",))}
    engine = index(old=old, numpy=release("numpy", "1.17.0"))
    lock = made().resolve(rewritten("old==1.0"), need("scikit-learn"), engine=engine)
    assert shown(lock)[1] == ["old==1.0"]
    assert [c.message for c in lock.changes if c.code == "pin/contested"] == [
        "packages of pip's side need other versions; what the channels have is kept: numpy 1.20.3"
    ]
    assert fidelity_of(lock.changes) is Fidelity.ADAPTED


def test_an_extra_of_a_conda_package_brings_what_it_adds(made: Made) -> None:
    engine = index(
        numpy=release("numpy", "1.20.3", requires=("openpyxl",)), openpyxl=release("openpyxl", "3.0")
    )
    lock = made().resolve(rewritten("numpy[excel]"), need("scikit-learn"), engine=engine)
    assert shown(lock)[1] == ["openpyxl==3.0"]


def test_a_younger_pin_moves_the_day(made: Made) -> None:
    lock = made().resolve(
        rewritten(), need("numpy=1.22.0"), request=Request(platform="linux-x86_64", strict=True)
    )
    assert "numpy=1.22.0" in shown(lock)[0]
    assert codes(lock) == ["date/raised"]
    assert lock.as_of == day("2022-01-01T01:00:00")


def test_what_came_to_the_channel_later_is_exempt(made: Made) -> None:
    late = record("late", "1.0", "python", built="2023-01-01")
    lock = made(*BASE, late).resolve(rewritten(), need("late"), need("scikit-learn"))
    assert codes(lock) == ["date/exempt"]
    assert "numpy=1.20.3" in shown(lock)[0]


@dataclass
class Undated:
    """Channels that have a solution for nobody who asks for a day, and do not say why."""

    asked: list[CondaQuestion] = field(default_factory=list)

    def solve(self, question: CondaQuestion) -> CondaAnswer:
        self.asked.append(question)
        if question.cutoff:
            return CondaFailure(kind=FailureKind.NO_SOLUTION, text="no")
        return CondaSolution(packages=())

    def matching(self, specs: Sequence[str], question: CondaQuestion) -> tuple[tuple[Release, ...], ...]:  # noqa: ARG002
        return tuple((Release(version="3.8.18", build="0"),) for _ in specs)


def test_the_day_is_given_up_at_last() -> None:
    start = Attempt(
        python=WantedPython(text='python[version="3.8.*"]', minor=(3, 8)), requirements=(need("numpy"),),
        sources=(), platform="linux-x86_64", virtual=(), cutoff=day("2021-06-01"),
    )  # fmt: skip
    channels = Undated()
    end = climb(start, channels).attempt
    assert (end.cutoff, [change.code for change in end.changes]) == (None, ["date/undated"])
    assert len(channels.asked) == 2


def test_another_patch_of_python(made: Made) -> None:
    records = (*SEEDS, *NUMPY, *(python(f"3.8.{n}") for n in (2, 8, 12)), python("3.9.9"))
    lock = made(*records).resolve(rewritten(python=("3.8.11",)), need("numpy"))
    assert lock.target.python == "3.8.12"
    assert codes(lock) == ["python/patch"]
    assert fidelity_of(lock.changes) is Fidelity.ADAPTED


@pytest.mark.parametrize(("build", "told"), [("h1_cpython", []), ("hffff_5", ["rewrite/build-string"])])
def test_a_build_of_python(made: Made, build: str, told: list[str]) -> None:
    wish = PythonRequest(text="3.8.18", build=build, origin=Origin(file="conda.yaml", line=2))
    other = record("python", "3.8.18", build="h9_cpython", build_number=9)
    spec = rewritten()
    lock = made(*BASE, other).resolve(replace(spec, spec=replace(spec.spec, python=(wish,))), need("numpy"))
    assert codes(lock) == told
    expected = "h9_cpython" if told else "h1_cpython"
    assert [p.build for p in lock.conda if p.name == "python"] == [expected]


def test_a_build_that_is_not_there_is_dropped(made: Made) -> None:
    wanted = need("numpy=1.20.3", version="==1.20.3", build="py38h0123_0")
    lock = made().resolve(rewritten(), wanted)
    assert codes(lock) == ["rewrite/build-string"]
    assert "numpy=1.20.3" in shown(lock)[0]


def test_a_build_that_is_there_is_kept(made: Made) -> None:
    more = record("numpy", "1.20.3", "python >=3.8,<3.9.0a0", build="py38_1", build_number=1)
    lock = made(*BASE, more).resolve(rewritten(), need("numpy=1.20.3", version="==1.20.3", build="py38_0"))
    assert [p.build for p in lock.conda if p.name == "numpy"] == ["py38_0"]
    assert codes(lock) == []


def test_a_version_that_never_was_is_told_with_the_nearest(made: Made) -> None:
    with pytest.raises(
        ResolveError, match=r"numpy=1\.20\.9: no channel ever had .* nearest are 1\.20\.3, 1\.22\.0"
    ) as error:
        made().resolve(rewritten(), need("numpy=1.20.9", line=4))
    assert error.value.code == "resolve/not-in-channels"
    assert error.value.origin == Origin(file="conda.yaml", line=4)


def test_a_name_that_no_channel_has(made: Made) -> None:
    with pytest.raises(ResolveError, match=r"anaconda: no channel has a package of that name") as error:
        made().resolve(rewritten(), need("anaconda"))
    assert "https://conda.anaconda.org/conda-forge" in error.value.detail


def test_a_python_that_no_channel_has(made: Made) -> None:
    with pytest.raises(ResolveError, match=r"no channel has python 3\.7\.4; nearest are 3\.8\.18"):
        made().resolve(rewritten(python=("3.7.4",)), need("numpy"))


def test_the_python_of_another_file(made: Made) -> None:
    records = (*BASE, python("3.9.9"))
    lock = made(*records).resolve(rewritten(python=("3.9.9", "3.8.18")), need("numpy=1.20.3"))
    assert lock.target.python == "3.8.18"
    assert codes(lock) == ["python/other"]


def test_without_a_wish_the_packages_choose_the_python(made: Made) -> None:
    lock = made(*BASE, python("3.9.9")).resolve(rewritten(python=()), need("numpy=1.20.3"))
    assert lock.target.python == "3.8.18"
    assert codes(lock) == ["python/default"]
    plain = made(*SEEDS, python("3.8.18"), python("3.9.9"), record("any", "1.0", "python"))
    assert plain.resolve(rewritten(python=(), created="2021-12-01"), need("any")).target.python == "3.9.9"


def test_a_range_of_pythons(made: Made) -> None:
    records = (*BASE, python("3.9.9"), python("3.7.9"))
    lock = made(*records).resolve(rewritten(python=(">=3.7,<3.10",)), need("numpy=1.20.3"))
    assert lock.target.python == "3.8.18"
    assert codes(lock) == []


def test_seeds_that_no_channel_has_come_from_the_index(made: Made) -> None:
    lock = made(*NUMPY, python("3.8.18")).resolve(rewritten(), need("numpy"))
    assert shown(lock)[1] == ["pip==1.0", "setuptools==1.0", "wheel==1.0"]
    assert codes(lock) == []


def test_a_seed_that_the_channels_have_in_other_versions(made: Made) -> None:
    lock = made().resolve(rewritten(seeds=(seed("pip ==19.0"),)), need("numpy"))
    assert "pip=21.0" in shown(lock)[0]
    assert codes(lock) == ["pin/seed"]


def test_what_a_pin_needs_may_be_younger(made: Made) -> None:
    hidden = record("threadpoolctl", "2.1.0", "python >=3.5", "behind", subdir="noarch", built="2023-01-01")
    behind = record("behind", "1.0", built="2023-01-02")
    records = (*SEEDS, *NUMPY, SCIKIT[0], hidden, behind, python("3.8.18"))
    lock = made(*records).resolve(rewritten(created="2019-01-01"), need("scikit-learn=0.24.1"))
    assert list(dict.fromkeys(codes(lock))) == ["date/raised", "date/exempt"]
    assert lock.as_of == day("2020-01-01T01:00:00")
    assert "numpy=1.20.3" in shown(lock)[0]
    assert fidelity_of(lock.changes) is Fidelity.ADAPTED


@pytest.mark.parametrize(
    "conda", [need("numpy=1.20.3", version="==1.20.3", build="py38h0123_0"), need("late")]
)
def test_strict_allows_no_step(made: Made, conda: CondaRequirement) -> None:
    late = record("late", "1.0", "python", built="2023-01-01")
    with pytest.raises(ResolveError) as error:
        made(*BASE, late).resolve(
            rewritten(),
            conda,
            request=Request(platform="linux-x86_64", strict=True),
        )
    assert error.value.code == "resolve/strict"


def test_a_model_without_a_date_gets_its_newest_pins(made: Made) -> None:
    engine = index(click=release("click", "8.0", uploaded="2021-05-05"))
    lock = made().resolve(rewritten("click==8.0", created=None), need("numpy=1.20.3"), engine=engine)
    assert codes(lock) == ["date/guessed"]
    assert lock.as_of == day("2021-05-05T01:00:00")


def test_records_without_a_time_are_told(made: Made) -> None:
    records = (*SEEDS, python("3.8.18"), record("odd", "1.0", "python", built=None))
    lock = made(*records).resolve(rewritten(), need("odd"))
    assert codes(lock) == ["date/unverified"]


def test_another_platform(made: Made) -> None:
    records = [replace_subdir(r, "osx-arm64") if r["subdir"] == "linux-64" else r for r in (*SEEDS, *NUMPY)]
    records.append(record("python", "3.8.18", "__osx >=11.0", build="h1_cpython", subdir="osx-arm64"))
    lock = made(*records).resolve(rewritten(), need("numpy"), request=Request(platform="macos-arm64"))
    assert (lock.target.platform, lock.target.floor) == ("macos-arm64", "macos-13.0")
    assert {p.subdir for p in lock.conda} == {"osx-arm64", "noarch"}


def replace_subdir(found: Record, subdir: str) -> Record:
    return {**json.loads(json.dumps(found)), "subdir": subdir}


def test_a_channel_that_the_policy_does_not_have(made: Made) -> None:
    spec = rewritten(channels=(Channel(text="https://conda.example.org/own"),))
    with pytest.raises(PolicyError) as error:
        made().resolve(spec, need("numpy"))
    assert error.value.code == "channel/not-allowed"


def test_a_channel_that_cannot_be_reached(made: Made) -> None:
    bench = replace(made(), folder=Path("/nowhere/at/all"))
    with pytest.raises(ResolveError) as error:
        bench.resolve(rewritten(), need("numpy"))
    assert error.value.code == "resolve/network"
