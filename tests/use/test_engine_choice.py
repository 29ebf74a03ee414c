"""Which models get a conda environment, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError, PolicyError
from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT, Conda, Policy
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.request import EngineName, Request
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import Channel, DirectReference, EnvSpec, Provenance, ReferenceKind
from envbuilder.use.engine_choice import EngineChoice, choose_engine, rewritten_for

SPOT = Origin(file="conda.yaml", line=5, column=5)
NEVER, ALWAYS = Policy(conda=Conda(engine="never")), Policy(conda=Conda(engine="always"))


def spec_of(*texts: str) -> EnvSpec:
    return EnvSpec(
        python=(),
        conda=tuple(read_matchspec(text, SPOT) for text in texts),
        channels=(Channel(text="defaults", origin=SPOT),),
        provenance=Provenance(model="m"),
    )


def chosen(spec: EnvSpec, policy: Policy = DEFAULT, **asked: object) -> EngineChoice:
    request = replace(Request(), **asked)  # type: ignore[arg-type]
    return choose_engine(spec, request, policy)


@pytest.mark.parametrize(
    ("texts", "engine", "reason", "names"),
    [
        ((), "auto", "nothing but Python is asked of conda", ()),
        (
            ("numpy=1.21", "pytorch"), "auto", "the package index has all that is asked of conda",
            ("numpy", "pytorch"),
        ),
        (
            ("numpy=1.21", "pytorch", "openssl", "vim", "anaconda"), "auto",
            (
                "the package index has all that is asked of conda, but for what a virtual environment can do"
                " without: anaconda, openssl, vim"
            ),
            ("anaconda", "numpy", "openssl", "pytorch", "vim"),
        ),
        (
            ("numpy", "samtools=1.2"), "conda",
            "not to be had from the package index: samtools (its name on the package index is not known)",
            ("samtools",),
        ),
        (
            ("openjdk=8",), "conda",
            ("not to be had from the package index: openjdk (it is a program, not a Python package, and no wheel"
            " brings it)"),
            ("openjdk",),
        ),
        (
            ("pytz==2021c",), "conda",
            "not to be had from the package index: pytz (==2021c is no version constraint of PEP 440)", ("pytz",),
        ),
    ],
)  # fmt: skip
def test_by_what_is_asked_of_conda(
    texts: tuple[str, ...], engine: str, reason: str, names: tuple[str, ...]
) -> None:
    assert chosen(spec_of(*texts)) == EngineChoice(engine=engine, reason=reason, names=names)  # type: ignore[arg-type]


def test_a_long_reason_ends() -> None:
    choice = chosen(spec_of(*(f"own-{number}" for number in range(40))))
    assert choice.reason.endswith("own-13 (its name on the package index is not known) and 34 more")
    assert len(choice.names) == 40


def test_what_the_policy_names_is_no_reason() -> None:
    policy = Policy(names=(("samtools", ""), ("in-house", "our-dist")))
    assert chosen(spec_of("samtools", "in-house"), policy).engine == "auto"


def test_a_file_of_a_channel_is_its_package() -> None:
    def located(url: str) -> EnvSpec:
        direct = DirectReference(name=None, kind=ReferenceKind.ARCHIVE, url=SafeUrl(url), origin=SPOT)
        return replace(spec_of(), direct=(direct,))

    assert (
        chosen(located("https://conda.anaconda.org/conda-forge/noarch/numpy-1.0-py_0.tar.bz2")).engine
        == "auto"
    )
    choice = chosen(located("https://conda.anaconda.org/bioconda/linux-64/samtools-1.2-h1_0.tar.bz2"))
    assert (choice.engine, choice.names) == ("conda", ("samtools",))


@pytest.mark.parametrize("engine", ["uv", "pip", "conda"])
def test_who_asks_for_an_engine_gets_it(engine: EngineName) -> None:
    choice = chosen(spec_of("samtools"), ALWAYS, engine=engine)
    assert choice == EngineChoice(engine=engine, reason=f"--engine {engine} was given")


def test_the_policy_decides_for_all_models() -> None:
    assert chosen(spec_of(), ALWAYS).engine == "conda"
    assert chosen(spec_of("samtools"), NEVER) == EngineChoice(
        engine="auto", reason='the policy says `[conda] engine = "never"`'
    )
    with pytest.raises(PolicyError) as caught:
        chosen(spec_of("samtools"), NEVER, engine="conda")
    assert caught.value.code == "policy/engine"


def test_strict_takes_nothing_of_conda_from_elsewhere() -> None:
    assert chosen(spec_of("numpy"), strict=True).engine == "conda"
    assert chosen(spec_of("numpy"), NEVER, strict=True).engine == "auto"
    assert chosen(spec_of(), strict=True).engine == "auto"


def test_a_spec_is_rewritten_for_the_engine_that_it_gets() -> None:
    rewritten, choice = rewritten_for(spec_of("numpy", "samtools"), request=Request(), policy=DEFAULT)
    assert choice.engine == "conda"
    assert rewritten == rewrite(spec_of("numpy", "samtools"), conda=True)
    rewritten, choice = rewritten_for(spec_of("numpy"), request=Request(), policy=DEFAULT)
    assert rewritten == rewrite(spec_of("numpy"))
    free = replace(spec_of("numpy"), channels=(Channel(text="conda-forge", origin=SPOT),))
    rewritten, choice = rewritten_for(free, request=Request(strict=True), policy=DEFAULT)
    assert (choice.engine, [item.name for item in rewritten.spec.conda]) == ("conda", ["numpy"])
    with pytest.raises(PolicyError, match="1 substitution would be needed"):
        rewritten_for(spec_of("samtools"), request=Request(strict=True), policy=DEFAULT)


CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collection of real models is not here")
def test_real_models_and_files_go_the_way_that_they_need() -> None:
    ways: dict[str, dict[str, EngineChoice]] = {"auto": {}, "conda": {}}
    for folder in sorted(CORPUS.glob("*/*")):
        try:
            spec = read_model(folder)
        except EnvbuilderError:
            continue
        if spec.conda:
            choice = rewritten_for(spec, request=Request(), policy=DEFAULT)[1]
            ways[choice.engine][folder.name] = choice
    assert len([name for name in ways["auto"] if name.isdecimal()]) == 13
    # Compilers and programs for documents; one file asks for a package in jest.
    assert sorted(ways["conda"]) == ["E039", "E056", "E057", "E058", "E059", "E060"]
    assert ways["conda"]["E060"].names == ("test4",)
