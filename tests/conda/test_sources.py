"""Which channels may be asked: what the files name, as far as the policy goes."""

from __future__ import annotations

import pytest

from envbuilder.conda.questions import Source
from envbuilder.conda.sources import sources_of
from envbuilder.errors import PolicyError
from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT, Channels, Policy
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.redact import SafeUrl
from envbuilder.spec import Channel, EnvSpec, Provenance

SPOT = Origin(file="conda.yaml", line=2, column=3)
MIRROR = SafeUrl("https://u:s3cret@mirror.example.org/cf")
COMMUNITY = "https://conda.anaconda.org"


def spec_of(*channels: str, conda: tuple[str, ...] = ()) -> EnvSpec:
    return EnvSpec(
        python=(),
        channels=tuple(Channel(text=text, origin=SPOT) for text in channels),
        conda=tuple(read_matchspec(text, SPOT) for text in conda),
        provenance=Provenance(model="m"),
    )


def mirrored(name: str) -> Policy:
    return Policy(channels=Channels(mirrors=((name, (MIRROR,)),)))


def test_in_order_each_once_and_those_of_dependencies_last() -> None:
    spec = spec_of(
        "pytorch", "conda-forge", "https://conda.anaconda.org/conda-forge/", "nodefaults",
        conda=("bioconda::samtools", "numpy", "conda-forge/linux-64::scipy"),
    )  # fmt: skip
    assert [source.channel for source in sources_of(spec, DEFAULT)] == [
        f"{COMMUNITY}/pytorch", f"{COMMUNITY}/conda-forge", f"{COMMUNITY}/bioconda"
    ]  # fmt: skip


def test_mirrors_go_by_the_channel_and_lend_it_no_name() -> None:
    (source,) = sources_of(spec_of("conda-forge"), mirrored(f"{COMMUNITY}/conda-forge"))
    assert source == Source(channel=f"{COMMUNITY}/conda-forge", mirrors=(MIRROR,))


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("defaults", "channel/restricted"),
        ("https://repo.anaconda.com/pkgs/main", "channel/restricted"),
        ("/opt/channel", "channel/local"),
        ("file:///opt/channel", "channel/local"),
        ("../x", "channel/local"),
        ("https://c.example.org/own", "channel/not-allowed"),
        ("http://169.254.169.254/latest", "channel/not-allowed"),
    ],
)
def test_what_a_model_cannot_have_asked(channel: str, code: str) -> None:
    for spec in (spec_of("conda-forge", channel), spec_of("conda-forge", conda=(f"{channel}::a",))):
        with pytest.raises(PolicyError) as caught:
            sources_of(spec, DEFAULT)
        assert (caught.value.code, caught.value.origin) == (code, SPOT)


@pytest.mark.parametrize("name", ["https://c.example.org/own", "https://C.example.org/own/"])
def test_the_policy_opens_other_hosts(name: str) -> None:
    spec = spec_of("https://tok@c.example.org/own/linux-64")
    for policy in (Policy(channels=Channels(allow=(name,))), mirrored(name)):
        assert [source.channel for source in sources_of(spec, policy)] == ["https://c.example.org/own"]


def test_a_list_is_all_that_is_allowed() -> None:
    policy = Policy(channels=Channels(allow=("conda-forge",), mirrors=mirrored("bioconda").channels.mirrors))
    assert sources_of(spec_of("conda-forge/linux-64"), policy)
    with pytest.raises(PolicyError) as caught:
        sources_of(spec_of("conda-forge", "bioconda"), policy)
    assert str(caught.value).splitlines()[0] == (
        "channel/not-allowed: conda.yaml:2:3 the channel bioconda is not among those that the policy allows"
    )
