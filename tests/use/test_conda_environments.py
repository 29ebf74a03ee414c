"""A model whose scikit-learn stands among the conda dependencies alone, with the channel ``defaults``.

Everything comes from a real channel on loopback and, for the pip part, from the index as of the logged day.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pandas
import pytest
from packaging.utils import canonicalize_name

import envbuilder
from envbuilder.conda.condalock import FILENAME
from envbuilder.policy import Channels, Conda, Policy
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from fixtures.check import check
from fixtures.conda_channel import interpreters
from tests.condaserver import Channel
from tests.conftest import MODELS, Cli
from tests.webserver import Server

pytestmark = pytest.mark.index

NAME = "sklearn-conda-only"
PINNED = ("python", "scikit-learn", "numpy", "scipy", "joblib")


@pytest.fixture
def model(conda_channel: Channel) -> Path:
    if "3.7" not in conda_channel.pythons:
        pytest.skip("this host has no Python 3.7 to pack")
    return MODELS / NAME


@pytest.fixture
def policy(conda_channel: Channel, defaults_channel: Server) -> Policy:
    """One that was made in Python can even name a mirror for ``defaults``: nothing ever asks it."""
    mirrors = (
        ("conda-forge", (SafeUrl(conda_channel.url),)),
        ("defaults", (SafeUrl(defaults_channel.url),)),
    )
    return Policy(channels=Channels(mirrors=mirrors), conda=Conda(engine="always"))


@pytest.fixture
def settings(warm_home: Path) -> Settings:
    return dataclasses.replace(Settings.from_environ(), home=warm_home)


def test_it_comes_back_and_predicts_the_same_and_nobody_asked_the_licensed_channel(
    model: Path, policy: Policy, settings: Settings, defaults_channel: Server
) -> None:
    restored = restore(model, settings=settings, policy=policy)
    with restored.lease:
        assert restored.engine == "conda"
        assert restored.fidelity.value == "adapted"
        assert "channel/restricted" in {change.code for change in restored.changes}
        assert check(NAME, restored.environment.python) == []
        records = restored.environment.prefix.glob("conda-meta/*.json")
        assert {path.name.rsplit("-", 2)[0] for path in records} >= set(PINNED)
        again = restore(model, settings=settings, policy=policy)
        with again.lease:
            assert again.hit
            assert again.environment == restored.environment
    assert defaults_channel.seen == []


def test_loaders_take_it(model: Path, policy: Policy, settings: Settings) -> None:
    found = json.loads((MODELS.parent / "expected" / f"{NAME}.json").read_text())
    rows = pandas.DataFrame(found["input"]["rows"], columns=found["input"]["columns"])
    with envbuilder.load_model(model, settings=settings, policy=policy, timeout=120) as loaded:
        assert [str(value) for value in loaded.predict(rows)] == found["predict"]["values"]
    with envbuilder.acquire(model, settings=settings, policy=policy) as env:
        code = "import sklearn, sys; print(sklearn.__version__, sys.prefix)"
        done = env.run(["python", "-c", code], capture_output=True, text=True)
        assert done.stdout.split() == ["0.22.1", str(env.prefix)]


def test_every_command_takes_it(
    model: Path, conda_channel: Channel, warm_home: Path, tmp_path: Path, cli: Cli
) -> None:
    policy = tmp_path / "envbuilder.toml"
    policy.write_text(f'[channels.mirrors]\nconda-forge = ["{conda_channel.url}"]\n')
    options = ("--engine", "conda", "--policy", policy)

    def call(*arguments: str | Path) -> str:
        done = cli(*arguments, home=warm_home, MLFLOW_ENV_ROOT=str(tmp_path / "mlflow"))
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = json.loads(call("build", model, *options, "--output", "json"))
    assert (told["engine"], told["python_version"]) == ("conda", interpreters(("3.7",))["3.7"].name)
    lines = [call("build", model, *options), call("build", model, *options)]
    assert lines == [f"{told['prefix']}\n"] * 2
    ran = call("run", model, *options, "--", "python", "-c", "import os; print(os.environ['CONDA_PREFIX'])")
    assert ran == lines[0]
    assert "scikit-learn" in call("explain", model, *options)
    call("check", model, *options, "--python", told["python"])
    lock = tmp_path / FILENAME
    call("lock", model, *options, "-o", lock)
    assert conda_lock_reads(lock) == installed(Path(told["prefix"]))
    asked = tmp_path / "rows.csv"
    asked.write_text("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    assert "0" in call("predict", model, *options, "-i", asked)
    link = Path(call("build", model, *options, "--for-mlflow", "--mlflow-version", "2.9.2").strip())
    assert link.readlink() == Path(told["prefix"])
    sourced = subprocess.run(
        ["bash", "-c", f"source {link}/bin/activate && python -c 'import mlflow; print(mlflow.__file__)'"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "/site-packages/mlflow/" in sourced.stdout
    call("build", model, "--for-mlflow", "--undo", "--mlflow-version", "2.9.2")


def installed(prefix: Path) -> set[tuple[str, str, str]]:
    """Who brought what, and in which version, as the environment's own records tell."""
    records = [json.loads(path.read_bytes()) for path in prefix.glob("conda-meta/*.json")]
    conda = {("conda", record["name"], record["version"]) for record in records}
    (site,) = prefix.glob("lib/python3*/site-packages")
    others = [d for d in distributions(path=[str(site)]) if (d.read_text("INSTALLER") or "").strip() == "uv"]
    return conda | {("pip", canonicalize_name(d.metadata["Name"]), d.version) for d in others}


def conda_lock_reads(path: Path) -> set[tuple[str, str, str]]:
    """The packages of a lock as conda-lock itself reads it; the fixture's home is none of the user's."""
    code = (
        "import sys, json; from pathlib import Path\n"
        "from conda_lock.lockfile import parse_conda_lock_file as read\n"
        "print(json.dumps([(p.manager, p.name, p.version) for p in read(Path(sys.argv[1])).package]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {(manager, name, version) for manager, name, version in json.loads(done.stdout)}
