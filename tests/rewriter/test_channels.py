"""The list of channels without licensed ones."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.findings import Effect, Fidelity, Origin, fidelity_of
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import Channel, EnvSpec, Provenance, PypiName, PypiRequirement, PythonRequest

SPOT = Origin(file="conda.yaml", line=7, column=5)


def spec_of(*channels: str) -> EnvSpec:
    return EnvSpec(
        python=(PythonRequest(text="3.8.8", origin=SPOT),),
        pypi=(PypiRequirement(name=PypiName("mlflow"), origin=SPOT),),
        channels=tuple(Channel(text=text, origin=SPOT) for text in channels),
        provenance=Provenance(model="m"),
        conda_file="conda.yaml",
    )


def test_licensed_channels_give_way_in_order_and_once() -> None:
    result = rewrite(spec_of("defaults", "pytorch", "anaconda", "conda-forge"))
    assert [c.text for c in result.spec.channels] == ["conda-forge", "pytorch", "nodefaults"]
    assert [(c.code, c.before, c.after) for c in result.changes] == [
        ("channel/restricted", "defaults", "conda-forge"),
        ("channel/restricted", "anaconda", ""),
        ("rewrite/duplicate", "conda-forge", ""),
        ("channel/implicit-defaults", "", "nodefaults"),
    ]


def test_a_pure_community_file_stays_exact() -> None:
    result = rewrite(spec_of("conda-forge"))
    assert [c.code for c in result.changes] == ["channel/implicit-defaults"]
    assert fidelity_of(result.changes) is Fidelity.EXACT


def test_no_channels_key_means_defaults_and_is_replaced() -> None:
    result = rewrite(replace(spec_of(), channels=(Channel(text="defaults"),)))
    assert [c.text for c in result.spec.channels] == ["conda-forge", "nodefaults"]
    assert [(c.code, c.effect) for c in result.changes] == [
        ("channel/implicit-defaults", Effect.ADAPTED),
        ("channel/implicit-defaults", Effect.NONE),
    ]


def test_only_nodefaults_leaves_conda_forge() -> None:
    result = rewrite(spec_of("nodefaults"))
    assert [c.text for c in result.spec.channels] == ["nodefaults", "conda-forge"]


def test_a_model_without_conda_gets_no_channels() -> None:
    result = rewrite(replace(spec_of(), channels=(), conda_file=None))
    assert result.changes == ()
    assert result.spec.channels == ()
