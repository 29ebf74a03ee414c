"""From models to a report of licences: real locks of an index on loopback, nothing installed."""

from __future__ import annotations

import datetime
import hashlib
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from envbuilder.findings import Level, Origin
from envbuilder.policy import Clarification, LicenseException, Licenses, PackagePattern, Policy
from envbuilder.redact import SafeUrl
from envbuilder.report import licencetext
from envbuilder.report.report import LicenseState, PackageReport, Report
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.spec import PypiName
from envbuilder.use.licences import judge_licences
from tests.licensing import smith
from tests.webserver import Server, serving, write_page

TODAY = datetime.date(2026, 11, 24)

PACKAGES = {
    "app": ["License-Expression: MIT", "Requires-Dist: lib", "Requires-Dist: unclear"],
    "lib": ["License: Apache-2.0", "Requires-Dist: deep>=1"],
    "deep": ["License-Expression: MIT AND GPL-3.0-only"],
    "unclear": ["Classifier: License :: OSI Approved :: BSD License"],
    "precise": ["Classifier: License :: OSI Approved :: ISC License (ISCL)"],
    "silent": ["License: UNKNOWN"],
    "pip": ["License: MIT"],
    "setuptools": ["License: MIT"],
    "wheel": ["License: MIT"],
}


@dataclass(frozen=True, kw_only=True)
class World:
    """An index, a host, and a place for models."""

    server: Server
    settings: Settings
    folder: Path

    def model(self, name: str, *lines: str, python: str = platform.python_version()) -> str:
        folder = self.folder / name
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {}\nutc_time_created: '2024-01-02 03:04:05.000000'\n")
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
        (folder / "python_env.yaml").write_text(f"python: {python}\ndependencies:\n- -r requirements.txt\n")
        return str(folder)

    def judged(self, *models: str, licenses: Licenses | None = None, offline: bool = False) -> Report:
        policy = Policy(licenses=licenses or Licenses(allow=("MIT", "Apache-2.0", "ISC")))
        settings = replace(self.settings, offline=offline)
        return judge_licences(
            models, today=TODAY, settings=settings, policy=policy, request=Request(offline=offline)
        )

    def fetched(self) -> list[str]:
        return [path for path, _ in self.server.seen if path.endswith((".whl", ".metadata"))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    shop, models = tmp_path / "shop", tmp_path / "models"
    for folder in (shop, models):
        folder.mkdir()
    with serving(shop) as server:
        for name, lines in PACKAGES.items():
            path = smith.wheel(shop, name, smith.metadata(name, *lines), beside=True)
            write_page(shop, name, [smith.artifact(path, name, server.url)])
        settings = Settings(
            home=tmp_path / "store",
            user_home=tmp_path,
            search_path=(Path(sys.executable).parent,),
            index=SafeUrl(f"{server.url}/simple"),
            python_downloads=False,
        )
        yield World(server=server, settings=settings, folder=models)


def packages(report: Report, model: int = 0) -> dict[str, PackageReport]:
    return {package.name: package for package in report.models[model].packages}


def test_every_package_of_the_lock_is_judged(world: World) -> None:
    report = world.judged(world.model("one", "app==1.0", "silent", "precise"))
    found = packages(report)
    assert {name: package.state for name, package in found.items()} == {
        "app": LicenseState.ALLOWED,
        "deep": LicenseState.DENIED,
        "lib": LicenseState.ALLOWED,
        "precise": LicenseState.ALLOWED,
        "silent": LicenseState.UNKNOWN,
        "unclear": LicenseState.AMBIGUOUS,
        "pip": LicenseState.ALLOWED,
        "setuptools": LicenseState.ALLOWED,
        "wheel": LicenseState.ALLOWED,
    }
    assert found["deep"].chain == ("app==1.0", "lib", "deep")
    assert found["lib"].requires == ("deep",)
    assert (found["unclear"].expression, found["unclear"].evidence) == (None, "ambiguous: BSD License")
    assert report.complete
    assert report.models[0].created is not None
    findings = {finding.subject: finding for finding in report.models[0].findings}
    assert findings["deep"].origin == Origin(file="requirements.txt", line=1, column=1)
    assert findings["silent"].origin == Origin(file="requirements.txt", line=2, column=1)
    assert {finding.code for finding in findings.values()} == {
        "license/denied", "license/unknown", "license/ambiguous",
    }  # fmt: skip


def test_a_python_that_is_not_at_hand_is_not_needed(world: World) -> None:
    report = world.judged(world.model("old", "app==1.0", python="3.7.9"))
    assert report.complete, report.skipped
    assert report.models[0].python == "3.7.9"
    assert packages(report)["deep"].state is LicenseState.DENIED


def test_models_that_share_packages_cost_the_packages_once_and_later_runs_nothing(world: World) -> None:
    models = [world.model(f"m{number}", "app==1.0", f"silent=={1.0}", f"# {number}") for number in range(3)]
    report = world.judged(*models)
    names = {package.name for model in report.models for package in model.packages}
    own = [path for path in world.fetched() if path.endswith(".metadata")]
    assert sorted(set(own)) == sorted(own)
    before = len(world.server.seen)
    assert len(report.models) == 3
    assert world.judged(*models).summary == report.summary
    assert len(world.server.seen) == before
    assert len(names) == 8


def test_offline_it_answers_from_the_store_and_tells_what_it_could_not(world: World) -> None:
    known, other = world.model("known", "app==1.0"), world.model("other", "precise")
    world.judged(known)
    report = world.judged(known, other, offline=True)
    assert [model.model for model in report.models] == [known]
    assert [item.path for item in report.skipped] == [other]
    assert report.skipped[0].reason == "resolve/network: it is not locked yet, which takes the package index"
    assert not report.complete


def test_a_model_that_is_named_twice_is_judged_once(world: World) -> None:
    model = world.model("one", "app==1.0")
    assert world.judged(model, model).summary == world.judged(model).summary


def test_what_the_index_does_not_give_is_skipped_and_named(world: World) -> None:
    model = world.model("one", "app==1.0")
    world.judged(model)
    for record in (world.settings.home / "metadata").rglob("*.json"):
        record.unlink()
    for path in (world.server.folder / "lib-1.0-py3-none-any.whl",):
        path.unlink()
        path.with_name(f"{path.name}.metadata").unlink()
    report = world.judged(model)
    assert [item.path for item in report.skipped] == ["lib 1.0"]
    assert packages(report)["lib"].state is LicenseState.UNJUDGED
    assert packages(report)["deep"].chain == ("deep",)


def test_a_model_that_cannot_be_locked_is_skipped_and_the_others_are_judged(world: World) -> None:
    report = world.judged(
        world.model("bad", "nowhere==1.0"), world.model("good", "app==1.0"), "/nowhere/model"
    )
    assert [Path(model.model).name for model in report.models] == ["good"]
    assert [Path(item.path).name for item in report.skipped] == ["bad", "model"]


def test_the_policys_entries_settle_and_are_told_when_nothing_needs_them(world: World) -> None:
    entry = Origin(file="envbuilder.toml", line=9)
    licenses = Licenses(
        allow=("MIT", "Apache-2.0", "BSD-3-Clause", "Zlib"),
        aliases=(("BSD License", "BSD-3-Clause"), ("Some License", "MIT")),
        exceptions=(
            LicenseException(
                package=PackagePattern(name=PypiName("deep")), allow=("GPL-3.0-only",), reason="r", origin=entry
            ),
            LicenseException(
                package=PackagePattern(name=PypiName("lib")), allow=("ISC",), reason="r",
                until=datetime.date(2026, 11, 1), origin=entry,
            ),
        ),
    )  # fmt: skip
    report = world.judged(world.model("one", "app==1.0"), licenses=licenses)
    found = packages(report)
    assert {found[name].state for name in ("deep", "unclear", "lib")} == {LicenseState.ALLOWED}
    assert (found["unclear"].expression, found["unclear"].concluded) == ("BSD-3-Clause", True)
    told = {(finding.code, finding.subject): finding.level for finding in report.policy_findings}
    assert told == {
        ("policy/expired-entry", "the exception for lib"): Level.ERROR,
        ("policy/unmatched-entry", "the alias of Some License"): Level.WARNING,
        ("policy/unmatched-entry", "the licence Zlib"): Level.NOTE,
    }
    assert report.fails(Level.ERROR)


def test_a_clarification_holds_for_its_licence_file_only(world: World) -> None:
    text = b"All rights reserved, but you may."
    path = smith.wheel(
        world.server.folder, "silent", smith.metadata("silent"), files={"silent-1.0.dist-info/LICENSE": text}
    )
    write_page(world.server.folder, "silent", [smith.artifact(path, "silent", world.server.url)])

    def clarify(sha256: str) -> Licenses:
        entry = Clarification(
            package=PackagePattern(name=PypiName("silent")), expression="MIT", path="LICENSE", sha256=sha256,
            origin=Origin(file="envbuilder.toml", line=4),
        )  # fmt: skip
        return Licenses(allow=("MIT",), clarify=(entry,))

    model = world.model("one", "silent")
    good = world.judged(model, licenses=clarify(hashlib.sha256(text).hexdigest()))
    assert packages(good)["silent"].expression == "MIT"
    assert good.policy_findings == ()
    stale = world.judged(model, licenses=clarify("ab" * 32))
    assert packages(stale)["silent"].state is LicenseState.UNKNOWN
    (finding,) = stale.policy_findings
    assert (finding.code, finding.origin) == ("policy/stale-entry", Origin(file="envbuilder.toml", line=4))


def test_without_an_allow_list_nothing_is_denied_and_the_text_says_so(world: World) -> None:
    report = world.judged(world.model("one", "app==1.0"), licenses=Licenses())
    assert not report.fails(Level.ERROR)
    text = "".join(licencetext.write(report, fail_on=Level.ERROR))
    assert "the policy has no [licenses] allow: licences are listed, not judged" in text
    assert "MIT AND GPL-3.0-only" in text


def test_nothing_is_installed_and_no_package_is_fetched_whole(world: World) -> None:
    model = world.model("one", "app==1.0")
    world.judged(model)
    for record in (world.settings.home / "metadata").rglob("*.json"):
        record.unlink()
    world.server.seen.clear()
    world.judged(model)
    assert len(world.fetched()) == 7
    assert all(path.endswith(".metadata") for path in world.fetched())
    assert list((world.settings.home / "envs" / "v1").iterdir()) == []
