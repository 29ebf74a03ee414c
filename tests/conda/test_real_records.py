"""The seed model on real records of conda-forge: both sides of its conda file, as of the day it was logged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.policy import Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.use.locking import lock_model
from tests.conftest import MODELS, ROOT

REAL = ROOT.parent / "shared" / "conda-data" / "conda-forge-real" / "conda-forge"


@pytest.mark.index
@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared")
def test_the_seeds_conda_file_with_its_pip_list(warm_home: Path) -> None:
    settings = replace(Settings.from_environ(), home=warm_home)
    policy = Policy(channels=Channels(mirrors=(("conda-forge", (SafeUrl(REAL.as_uri()),)),)))
    request = Request(engine="conda", platform="linux-x86_64")
    locked = lock_model(MODELS / "seed-sklearn", request=request, settings=settings, policy=policy)
    lock = locked.lock
    conda = {str(package.name): package for package in lock.conda}
    assert conda["python"].filename == "python-3.8.8-hffdb5ce_0_cpython.tar.bz2"
    assert {"pip", "setuptools", "wheel"} <= conda.keys()
    pip = {str(artifact.name): artifact.version for artifact in lock.artifacts}
    assert (pip["scikit-learn"], pip["cloudpickle"], pip["mlflow"]) == ("0.23.2", "1.6.0", "1.14.1")
    assert not pip.keys() & {str(package.distribution) for package in lock.conda}
    assert f"{lock.as_of:%Y-%m-%d}" == "2021-03-15"
    # The records are a few of conda-forge's: some of what Python needs is younger, and told.
    assert {change.code for change in lock.changes} - {"build/from-source"} == {
        "channel/restricted", "channel/implicit-defaults", "date/exempt", "date/unverified",
    }  # fmt: skip
