"""The policy's list of channels: what is left after rewriting has to be on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from envbuilder.findings import Level
from envbuilder.policy import Channels, Policy
from envbuilder.report.report import ModelReport

One = Callable[..., ModelReport]


def conda(channels: str, *dependencies: str) -> dict[str, str]:
    items = "".join(f"- {item}\n" for item in ("python=3.12", *dependencies))
    return {"conda.yaml": f"{channels}dependencies:\n{items}"}


def told(report: ModelReport) -> list[tuple[str, str]]:
    return [(str(f.origin), f.subject) for f in report.findings if f.code == "channel/not-allowed"]


def only(*names: str) -> Policy:
    return Policy(channels=Channels(allow=names))


def test_an_empty_list_allows_any(one: One) -> None:
    assert told(one(conda("channels: [x, nodefaults]\n", "y::z"))) == []


def test_what_is_not_on_the_list_is_told_where_it_stands(one: One) -> None:
    report = one(conda("channels:\n- conda-forge\n- pytorch\n- nodefaults\n", "y::z=1", "conda-forge::a=1"),
                 only("conda-forge"))  # fmt: skip
    assert told(report) == [("conda.yaml:3:3", "pytorch"), ("conda.yaml:7:3", "y")]
    assert {f.level for f in report.findings if f.code == "channel/not-allowed"} == {Level.ERROR}


def test_conda_forge_that_takes_the_place_of_a_licensed_channel_counts(one: One) -> None:
    files = conda("channels: [defaults]\n", "anaconda::a=1")
    assert told(one(files, only("conda-forge"))) == []
    assert told(one(files, only("bioconda"))) == [
        ("conda.yaml:1:12", "conda-forge"), ("conda.yaml:4:3", "conda-forge"),
    ]  # fmt: skip


def test_without_channels_the_file_is_meant(one: One) -> None:
    assert told(one(conda("", "a=1"), only("bioconda"))) == [("conda.yaml", "conda-forge")]


@pytest.mark.parametrize(
    ("channel", "entry", "allowed"),
    [
        ("Conda-Forge", "conda-forge", True),
        ("https://conda.anaconda.org/conda-forge/linux-64", "conda-forge", True),
        ("conda-forge", "https://conda.anaconda.org/conda-forge/", True),
        ("conda-forge/label/broken", "conda-forge", False),
        ("https://mirror.example.org/conda-forge", "conda-forge", False),
        ("https://mirror.example.org/conda-forge", "https://mirror.example.org/conda-forge/noarch", True),
        ("https://u:p@mirror.example.org/t/token-1/x", "https://mirror.example.org/x", True),
    ],
)
def test_a_channel_is_the_same_however_it_is_spelt(one: One, channel: str, entry: str, allowed: bool) -> None:
    report = one(conda(f"channels: ['{channel}', nodefaults]\n"), only(entry))
    assert bool(told(report)) is not allowed
    assert report.matched == (frozenset({("channels", "allow", 0)}) if allowed else frozenset())
