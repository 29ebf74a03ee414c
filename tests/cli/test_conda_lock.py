"""A lock of conda packages in every command that reads one: hand-made records, no index, nothing installed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import envbuilder
from envbuilder.conda.condalock import read_conda_lock
from envbuilder.policy import Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from tests.conda.toychannel import SEEDS, python, record, write_channel
from tests.conftest import Cli

CHANNEL = (
    *SEEDS,
    python("3.8.18"),
    record("graphviz", "2.40", "__glibc >=2.17", build="h1_0", license="EPL-1.0"),
    record("numpy", "1.19.5", "python >=3.8,<3.9.0a0", build="py38_0", license="BSD-3-Clause"),
    record("numpy", "1.20.3", "python >=3.8,<3.9.0a0", build="py38_0", license="BSD-3-Clause"),
    record(
        "scikit-learn", "0.24.1", "python >=3.8,<3.9.0a0", "numpy >=1.16", build="py38_0", license="BSD-3-Clause"
    ),
)  # fmt: skip
CONDA = """\
channels: [defaults]
dependencies:
- python=3.8.18
- scikit-learn=0.24.1
- graphviz
- pip<=20.5
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy whose conda-forge is ours, a model, and the one store of these tests."""
    tmp_path = tmp_path_factory.mktemp("bench")
    channel = write_channel(tmp_path / "channel", *CHANNEL)
    policy = f'[channels.mirrors]\nconda-forge = ["{channel.as_uri()}"]\n[licenses]\nallow = ["MIT", "BSD-3-Clause"]\n'
    (tmp_path / "envbuilder.toml").write_text(policy)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "conda.yaml").write_text(CONDA)
    return tmp_path


def test_a_conda_lock_is_written_told_and_known_again(cli: Cli, bench: Path) -> None:
    done = cli(
        "lock", "model", "--as-of", "2021-06-01", "-o", "conda-lock.yml", "--output", "json", cwd=bench
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    lock = read_conda_lock((bench / "conda-lock.yml").read_text("utf-8"))
    assert (told["engine"], told["lock_id"], told["python_version"]) == ("conda", lock.lock_id, "3.8.18")
    packages = {item["name"]: item for item in told["packages"]}
    assert list(packages) == ["graphviz", "numpy", "pip", "python", "scikit-learn", "setuptools", "wheel"]
    assert (packages["pip"]["version"], packages["pip"]["kind"], packages["pip"]["build"]) == (
        "20.0",
        "conda",
        "0",
    )
    assert told["fidelity"] == "adapted"  # conda-forge for defaults

    again = cli(
        "lock", "model", "--as-of", "2021-06-01", "--engine", "conda", home=bench / "store", cwd=bench
    )
    assert again.stdout.splitlines()[0] == (
        "7 packages for Python 3.8.18 on linux-x86_64, as of 2021-06-01T23:59:59Z (conda)"
    )
    assert f"lock_id {lock.lock_id}" in again.stdout
    wrong = cli(
        "lock", "model", "--as-of", "2021-06-01", "-o", "pylock.toml", home=bench / "store", cwd=bench
    )
    assert (wrong.returncode, "write conda-lock.yml" in wrong.stderr) == (2, True)


def test_auto_takes_conda_for_what_only_conda_has_and_tells_the_reason(cli: Cli, bench: Path) -> None:
    done = cli(
        "explain", "model", "--as-of", "2021-06-01", "--output", "json", home=bench / "store", cwd=bench
    )
    told = json.loads(done.stdout)
    assert told["engine"]["kind"] == "conda environment"
    assert told["engine"]["packages"] == ["graphviz"]
    asked = {item["name"]: item["asked_at"] for item in told["packages"]}
    assert [place["line"] for place in asked["scikit-learn"]] == [4]
    assert asked["numpy"] == []
    assert told["stopped_by"] is None


def test_licences_are_those_of_the_records(cli: Cli, bench: Path) -> None:
    done = cli("licenses", "model", "--as-of", "2021-06-01", "--output", "json", "--output", "cyclonedx=bom.json", home=bench / "store", cwd=bench)  # fmt: skip
    assert done.returncode == 1, done.stderr
    (model,) = json.loads(done.stdout)["models"]
    packages = {item["name"]: item for item in model["packages"]}
    assert [(f["code"], f["message"]) for f in model["findings"]] == [
        ("license/denied", "graphviz 2.40 is under EPL-1.0, which is not allowed")
    ]
    assert (packages["numpy"]["ecosystem"], packages["numpy"]["license"]) == ("conda", "BSD-3-Clause")
    assert packages["numpy"]["chain"] == ["scikit-learn=0.24.1", "numpy"]
    assert model["findings"][0]["line"] == 5
    bom = json.loads((bench / "bom.json").read_text())
    purls = {item["name"]: item["purl"] for item in bom["components"]}
    assert purls["numpy"] == "pkg:conda/numpy@1.20.3?build=py38_0&type=conda"
    needs = {item["ref"]: item.get("dependsOn", []) for item in bom["dependencies"]}
    (scikit,) = (ref for ref in needs if ref.startswith("pkg:conda/scikit-learn"))
    assert [ref.partition("@")[0] for ref in sorted(needs[scikit])] == ["pkg:conda/numpy", "pkg:conda/python"]


def test_a_difference_of_two_conda_locks(cli: Cli, bench: Path) -> None:
    (bench / "other").mkdir()
    (bench / "other" / "conda.yaml").write_text(f"{CONDA}- numpy=1.19\n".replace("- graphviz\n", ""))
    done = cli("diff", "model", "other", "--as-of", "2021-06-01", "--engine", "conda", "--output", "json", home=bench / "store", cwd=bench)  # fmt: skip
    told = json.loads(done.stdout)
    steps = {(item["kind"], item["name"]): item["change"] for item in told["packages"]}
    assert steps == {("pypi", "numpy"): "downgraded", ("conda", "graphviz"): "removed"}


def test_a_python_is_checked_against_the_distributions(cli: Cli, bench: Path) -> None:
    done = cli("check", "model", "--as-of", "2021-06-01", "--output", "json", home=bench / "store", cwd=bench)
    told = json.loads(done.stdout)
    found = {item["name"]: item for item in told["mismatches"]}
    assert {"python", "scikit-learn"} <= found.keys()
    assert found["scikit-learn"]["line"] == 4
    assert "graphviz" not in found


def test_other_tools_get_a_file_of_conda_packages(bench: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "own", user_home=tmp_path)
    policy = Policy(channels=Channels(mirrors=(("conda-forge", (SafeUrl((bench / "channel").as_uri()),)),)))
    more = {"settings": settings, "policy": policy}
    path = envbuilder.get_model_dependencies(bench / "model", "conda", **more)  # type: ignore[arg-type]
    text = path.read_text("utf-8")
    assert "- graphviz\n" in text
    assert "- scikit-learn=0.24.1\n" in text
    locked = envbuilder.get_model_dependencies(
        bench / "model", "conda", locked=True, as_of="2021-06-01", settings=settings, policy=policy
    )
    assert locked.name == "conda-lock.yml"
    lock = read_conda_lock(locked.read_text("utf-8"))
    assert {package.name for package in lock.conda} >= {"graphviz", "scikit-learn"}
    spec = envbuilder.parse(bench / "model")
    again = envbuilder.resolve(spec, engine="conda", as_of="2021-06-01", settings=settings, policy=policy)
    assert replace(again, spec_id="") == replace(lock, spec_id="")
