"""Solving by real lists of real channels, in a child."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from envbuilder.conda.host import virtual_packages
from envbuilder.conda.questions import CondaFailure, CondaQuestion, CondaSolution, Source
from envbuilder.conda.solving import solve
from envbuilder.errors import PolicyError, UsageError
from envbuilder.redact import SafeUrl
from envbuilder.resolver.engine import FailureKind
from envbuilder.settings import Settings
from envbuilder.spec import CondaName
from fixtures.conda_channel import File, Package, index, write, write_list
from tests.conda.conftest import question
from tests.condaserver import CONDA_FORGE, Channel
from tests.webserver import SECRET, Server

REAL = Path(__file__).parents[3] / "shared" / "conda-data" / "conda-forge-real" / "conda-forge"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="no records of conda-forge here")


def shown(answer: object) -> list[str]:
    assert isinstance(answer, CondaSolution), answer
    return [f"{package.name} {package.version} {package.build}" for package in answer.packages]


def test_solves_with_canonical_urls_from_a_mirror(small: Channel, settings: Settings, cache: Path) -> None:
    answer = solve(question(small, "binaryprefix"), cache=cache, settings=settings)
    assert shown(answer) == ["binaryprefix 1.0 0", "linkscript 1.0 0"]
    assert isinstance(answer, CondaSolution)
    package = answer.packages[0]
    assert package.channel == CONDA_FORGE
    assert str(package.url) == f"{CONDA_FORGE}/linux-64/binaryprefix-1.0-0.conda"
    assert package.built == datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert len(package.sha256) == 64
    assert len(package.md5) == 32
    assert package.depends == ("linkscript", "__glibc >=2.17")
    assert package.distribution is None


def test_keeps_lists_and_solves_without_a_network(small: Channel, settings: Settings, cache: Path) -> None:
    import dataclasses

    offline = dataclasses.replace(settings, offline=True)
    nothing = solve(question(small, "plain"), cache=cache, settings=offline)
    assert isinstance(nothing, CondaFailure)
    assert nothing.kind is FailureKind.NETWORK
    assert "offline" in nothing.text
    solve(question(small, "plain"), cache=cache, settings=settings)
    before = len(small.asked)
    assert shown(solve(question(small, "plain"), cache=cache, settings=offline)) == ["plain 2.0 0"]
    assert len(small.asked) == before


def test_says_what_cannot_be_had(small: Channel, settings: Settings, cache: Path) -> None:
    answer = solve(question(small, "plain >=2", "nosuch"), cache=cache, settings=settings)
    assert answer == CondaFailure(
        kind=FailureKind.NO_SOLUTION,
        text="No candidates were found for nosuch *.",
        packages=(CondaName("nosuch"),),
    )
    musl = virtual_packages("linux-x86_64", floor="musl-1.2")
    answer = solve(question(small, "binaryprefix", virtual=musl), cache=cache, settings=settings)
    assert isinstance(answer, CondaFailure)
    assert "__glibc >=2.17" in answer.text
    answer = solve(question(small, "plain=1.*.3"), cache=cache, settings=settings)
    assert isinstance(answer, CondaFailure)
    assert answer.kind is FailureKind.TOOL


def test_constraints_bind_and_bring_nothing(small: Channel, settings: Settings, cache: Path) -> None:
    asked = question(small, "plain", constraints=("plain <2", "linkscript"))
    assert shown(solve(asked, cache=cache, settings=settings)) == ["plain 1.0 0"]


def test_a_channel_that_is_not_there(small: Channel, settings: Settings, cache: Path) -> None:
    source = Source(channel=f"{small.server.url}/nothing")
    answer = solve(question(small, "plain", sources=(source,)), cache=cache, settings=settings)
    assert isinstance(answer, CondaFailure)
    assert answer.kind is FailureKind.NETWORK
    assert "no list of packages" in answer.text


def test_the_first_mirror_that_answers(small: Channel, settings: Settings, cache: Path) -> None:
    mirrors = (SafeUrl(f"{small.server.url}/nothing"), SafeUrl(small.url))
    source = Source(channel=CONDA_FORGE, mirrors=mirrors)
    answer = solve(question(small, "plain", sources=(source,)), cache=cache, settings=settings)
    assert shown(answer) == ["plain 2.0 0"]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("", FailureKind.NETWORK, "it sends no list of packages"),
        ("<html>please log in</html>", FailureKind.NETWORK, "it sends no list of packages"),
        ("{}", FailureKind.NO_SOLUTION, "No candidates were found for plain"),
        ("[" * 100_000, FailureKind.NETWORK, "it sends no list of packages"),
        ('{"packages": ' + "[" * 100_000, FailureKind.TOOL, "the list of a channel cannot be read: "),
        ('{"packages": {"plain-2.0-0.tar.bz2"', FailureKind.TOOL, "the list of a channel cannot be read: "),
    ],
)
def test_a_list_that_is_none(
    small: Channel, settings: Settings, text: str, kind: FailureKind, said: str
) -> None:
    for path in small.folder.rglob("repodata.json*"):
        path.unlink()
    (small.folder / "linux-64" / "repodata.json").write_text(text)
    answer = solve(question(small, "plain"), cache=settings.home, settings=settings)
    assert isinstance(answer, CondaFailure)
    assert (answer.kind, said in answer.text) == (kind, True), answer.text


def test_a_record_that_is_none(small: Channel, settings: Settings, cache: Path) -> None:
    edited(small, "plain", version="???")
    answer = solve(question(small, "plain"), cache=cache, settings=settings)
    assert isinstance(answer, CondaFailure)
    assert "malformed version string '???'" in answer.text
    assert shown(solve(question(small, "linkscript"), cache=cache, settings=settings)) == ["linkscript 1.0 0"]


def test_strict_priority_of_channels(small: Channel, settings: Settings, cache: Path) -> None:
    other = small.folder.parent / "other"
    write(Package(name="plain", version="0.5", files={"share/plain": File(data=b"0")}), other)
    index(other)
    url = f"{small.server.url}/other"
    both = (Source(channel=url), small.source)
    assert shown(solve(question(small, "plain", sources=both), cache=cache, settings=settings)) == [
        "plain 0.5 0"
    ]
    answer = solve(question(small, "plain >=1", sources=both), cache=cache, settings=settings)
    assert isinstance(answer, CondaFailure)
    named = question(small, "conda-forge::plain", sources=both)
    assert shown(solve(named, cache=cache, settings=settings)) == ["plain 2.0 0"]


def days(channel: Channel) -> None:
    """Put releases of several days, and one without a day, into a channel.

    They came to its list just now, which is no reason not to take them.
    """
    for version, day in (("1.0", 1), ("2.0", 10), ("3.0", 20), ("4.0", None)):
        built = datetime.datetime(2021, 5, day, 12, tzinfo=datetime.timezone.utc) if day else None
        write(
            Package(name="dated", version=version, built=built, files={"x": File(data=version.encode())}),
            channel.folder,
        )
    write(Package(name="undated", built=None, files={"y": File()}), channel.folder)
    index(channel.folder)


def test_as_of_a_day_in_any_zone(small: Channel, settings: Settings, cache: Path) -> None:
    days(small)
    far_east = datetime.timezone(datetime.timedelta(hours=14))

    def as_of(moment: datetime.datetime, *specs: str, **more: object) -> list[str]:
        asked = question(small, *specs, cutoff=moment, **more)
        return shown(solve(asked, cache=cache, settings=settings))

    # The 11th in the far east, when it still was the 10th, eleven o'clock, in Greenwich.
    before = datetime.datetime(2021, 5, 11, 1, tzinfo=far_east)
    assert as_of(before, "dated") == ["dated 1.0 0"]
    assert as_of(before + datetime.timedelta(hours=1), "dated") == ["dated 2.0 0"]
    assert as_of(before, "dated", exempt=("dated",)) == ["dated 3.0 0"]
    # Without a time only where nothing else does.
    assert as_of(before, "undated", "dated") == ["dated 4.0 0", "undated 1.0 0"]


def test_an_exempt_package_keeps_its_real_time(small: Channel, settings: Settings, cache: Path) -> None:
    days(small)
    moment = datetime.datetime(2021, 5, 2, tzinfo=datetime.timezone.utc)
    asked = question(small, "dated", cutoff=moment, exempt=("dated",))
    answer = solve(asked, cache=cache, settings=settings)
    assert isinstance(answer, CondaSolution)
    assert answer.packages[0].built == datetime.datetime(2021, 5, 20, 12, tzinfo=datetime.timezone.utc)


def test_other_platforms(small: Channel, settings: Settings, cache: Path) -> None:
    write(Package(name="plain", version="9.0", subdir="osx-arm64", files={"x": File()}), small.folder)
    index(small.folder)
    virtual = virtual_packages("macos-arm64", floor="macos-14.0")
    asked = question(small, "plain", platform="macos-arm64", virtual=virtual)
    assert shown(solve(asked, cache=cache, settings=settings)) == ["plain 9.0 0"]
    with pytest.raises(UsageError, match="no packages for windows-x86_64"):
        solve(question(small, "plain", platform="windows-x86_64"), cache=cache, settings=settings)


def edited(channel: Channel, name: str, *, only: str = "", **changes: object) -> None:
    """Change the record of a package in its channel's list (of the file ``only``, where it has several)."""
    path = channel.folder / "linux-64" / "repodata.json"
    lists = json.loads(path.read_text())
    for packages in (lists["packages"], lists["packages.conda"]):
        for file, record in packages.items():
            if record["name"] == name and file == (only or file):
                record.update(changes)
    base = changes.pop("base_url", None)
    if base:
        lists["info"]["base_url"] = base
    write_list(path, lists)


def record_of(channel: Channel, name: str, *keys: str) -> dict[str, object]:
    lists = json.loads((channel.folder / "linux-64" / "repodata.json").read_text())
    (found,) = (record for record in lists["packages.conda"].values() if record["name"] == name)
    return {key: found[key] for key in keys}


def test_a_record_without_sha256_is_refused(small: Channel, settings: Settings, cache: Path) -> None:
    edited(small, "linkscript", sha256=None)
    with pytest.raises(PolicyError, match="gives no sha256 for linkscript") as caught:
        solve(question(small, "linkscript"), cache=cache, settings=settings)
    assert caught.value.code == "channel/no-hash"


@pytest.mark.parametrize(
    ("base", "code"),
    [
        ("https://conda.anaconda.org/main/linux-64", "channel/restricted"),
        ("DEFAULTS/pkgs/main/linux-64", "channel/restricted"),
        ("DEFAULTS/elsewhere/linux-64", "channel/not-allowed"),
        ("../../pkgs/main/linux-64", "channel/restricted"),
    ],
)
def test_a_list_that_names_another_place_for_its_files(
    small: Channel, settings: Settings, defaults_channel: Server, base: str, code: str
) -> None:
    cache = settings.home
    edited(small, "plain", base_url=base.replace("DEFAULTS", defaults_channel.url))
    with pytest.raises(PolicyError) as caught:
        solve(question(small, "plain"), cache=cache, settings=settings)
    assert caught.value.code == code
    assert defaults_channel.seen == []


def test_a_server_that_sends_us_to_a_place_without_tls(
    small: Channel, settings: Settings, cache: Path, defaults_channel: Server
) -> None:
    small.server.elsewhere = defaults_channel.url
    with pytest.raises(PolicyError, match="without TLS") as caught:
        solve(question(small, "plain"), cache=cache, settings=settings)
    assert caught.value.code == "channel/insecure-transport"
    assert defaults_channel.seen == []


def test_a_server_that_sends_us_to_a_licensed_channel(
    small: Channel, settings: Settings, cache: Path, defaults_channel: Server
) -> None:
    small.server.elsewhere = f"{defaults_channel.url}/pkgs/main"
    with pytest.raises(PolicyError, match="sends us to") as caught:
        solve(question(small, "plain"), cache=cache, settings=settings)
    assert caught.value.code == "channel/restricted"
    assert defaults_channel.seen == []


@pytest.mark.parametrize(
    "name", ["https://conda.anaconda.org/anaconda", "https://repo.anaconda.com/pkgs/main"]
)
def test_a_licensed_channel_is_never_asked(
    small: Channel, settings: Settings, cache: Path, name: str
) -> None:
    for source in (Source(channel=name), Source(channel=CONDA_FORGE, mirrors=(SafeUrl(name),))):
        with pytest.raises(PolicyError) as caught:
            solve(question(small, "plain", sources=(source,)), cache=cache, settings=settings)
        assert caught.value.code == "channel/restricted"
    assert small.asked == []


def test_credentials_of_the_host(small: Channel, settings: Settings, cache: Path, tmp_path: Path) -> None:
    import dataclasses

    small.server.guarded = True
    refused = solve(question(small, "plain"), cache=cache, settings=settings)
    assert isinstance(refused, CondaFailure)
    assert "401" in refused.text
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login user password {SECRET}\n")
    netrc.chmod(0o600)
    known = dataclasses.replace(settings, netrc=netrc)
    assert shown(solve(question(small, "plain"), cache=cache, settings=known)) == ["plain 2.0 0"]
    for path in cache.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_a_list_is_cut_anywhere_and_keeps_its_bytes() -> None:
    from envbuilder.conda.listings import _by_build

    text = b'{"indexed_timestamp":1,"a":"x","timestamp":2,"indexed_timestamp":3}' * 3
    for size in range(1, 60):
        parts = iter([text[start : start + size] for start in range(0, len(text), size)])
        assert b"".join(_by_build(parts)) == text.replace(b"indexed_timestamp", b"indexed-timestamp")


@needs_real
def test_python_388_with_pip_as_of_2021(settings: Settings, cache: Path) -> None:
    """What the seed's conda file asks for, on real records of conda-forge (a subset of them)."""
    source = Source(channel=CONDA_FORGE, mirrors=(SafeUrl(REAL.as_uri()),))
    asked = CondaQuestion(
        specs=("python=3.8.8", "pip"),
        sources=(source,),
        platform="linux-x86_64",
        virtual=virtual_packages("linux-x86_64", floor="glibc-2.36"),
        cutoff=datetime.datetime(2021, 5, 1, tzinfo=datetime.timezone.utc),
    )
    answer = solve(asked, cache=cache, settings=settings)
    assert shown(answer) == CHOSEN
    assert isinstance(answer, CondaSolution)
    assert {str(package.url).rpartition("/")[0].rpartition("/")[0] for package in answer.packages} == {
        CONDA_FORGE
    }
    assert all(package.built and package.built <= asked.cutoff for package in answer.packages)  # type: ignore[operator]


CHOSEN = [
    "_libgcc_mutex 0.1 conda_forge",
    "_openmp_mutex 4.5 1_gnu",
    "ca-certificates 2020.12.5 ha878542_0",
    "certifi 2020.12.5 py38h578d9bd_1",
    "ld_impl_linux-64 2.35.1 hea4e1c9_2",
    "libffi 3.3 h58526e2_2",
    "libgcc-ng 9.3.0 h2828fa1_19",
    "libgomp 9.3.0 h2828fa1_19",
    "libstdcxx-ng 9.3.0 h6de172a_19",
    "ncurses 6.2 h58526e2_4",
    "openssl 1.1.1k h7f98852_0",
    "pip 21.1.1 pyhd8ed1ab_0",
    "python 3.8.8 hffdb5ce_0_cpython",
    "python_abi 3.8 1_cp38",
    "readline 8.1 h46c0cb4_0",
    "setuptools 49.6.0 py38h578d9bd_3",
    "sqlite 3.35.5 h74cdb3f_0",
    "tk 8.6.10 h21135ba_1",
    "wheel 0.36.2 pyhd3deb0d_0",
    "xz 5.2.5 h516909a_1",
    "zlib 1.2.11 h516909a_1010",
]
