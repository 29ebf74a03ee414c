from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver

from envbuilder.auditor.auditing import audit
from envbuilder.auditor.judging import Terms
from envbuilder.findings import Finding, Level, Origin
from envbuilder.report.report import LicenseState, ModelReport, PackageFile, PackageReport, Report

TREE = {
    "registry/churn/1/MLmodel": (
        "flavors:\n  python_function:\n    env: conda.yaml\n    loader_module: mlflow.sklearn\n"
        "    python_version: 3.8.8\nmlflow_version: 1.14.1\nutc_time_created: '2021-03-01 10:30:00.000001'\n"
    ),
    "registry/churn/1/conda.yaml": (
        "channels:\n- defaults\ndependencies:\n- python=3.8.8\n- pip\n- pip:\n  - mlflow==1.14.1\n"
        "  - scikit-learn\n"
    ),
    "registry/churn/2/requirements.txt": "--extra-index-url https://u:s3cret@h.example/simple\nnumpy==1.21.0\n",
    "registry/clean/requirements.txt": "numpy==1.21.0\n",
    "registry/refused/requirements.txt": "numpy ==\n",
    "registry/|::error file=x::pwned`<b>/conda.yaml": "channels: [conda-forge]\ndependencies: ['r::r-base=4.1']\n",
}


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A small registry as it is audited from the folder above it: each level, a fix, a refusal, odd names."""
    for name, text in TREE.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return audit(["registry", "gone"], terms=Terms(today=datetime.date(2026, 1, 1)))


def package(name: str, version: str, state: LicenseState, **more: object) -> PackageReport:
    """Return a package with a wheel of its own."""
    digit = f"{len(name):x}"[-1]
    wheel = PackageFile(filename=f"{name.replace('-', '_')}-{version}-py3-none-any.whl", sha256=digit * 64)
    return replace(PackageReport(name=name, version=version, state=state, files=(wheel,)), **more)  # type: ignore[arg-type]


NUMPY = package(
    "numpy", "1.21.0", LicenseState.ALLOWED, expression="BSD-3-Clause", concluded=True, chain=("mlflow", "numpy"),
    evidence="ambiguous: BSD License", requires=(),
)  # fmt: skip
MLFLOW = package(
    "mlflow", "1.14.1", LicenseState.ALLOWED, expression="Apache-2.0", chain=("mlflow",),
    evidence="expression: Apache-2.0", requires=("numpy", "psycopg2-binary", "odd"),
)  # fmt: skip
PSYCOPG = package(
    "psycopg2-binary", "2.8.6", LicenseState.DENIED, expression="LGPL-3.0-or-later",
    evidence="field: LGPL-3.0-or-later", chain=("mlflow", "psycopg2-binary"), requires=(),
)  # fmt: skip
ODD = package(
    "odd",
    "1",
    LicenseState.AMBIGUOUS,
    evidence="ambiguous: Apache <b>Software</b> License",
    chain=("mlflow", "odd"),
)
NOTHING = package("nothing", "2+local.1", LicenseState.UNKNOWN, chain=("nothing",), evidence="unknown")
CONDA = PackageReport(
    name="libblas", version="3.9.0", ecosystem="conda", state=LicenseState.ALLOWED, expression="BSD-3-Clause",
    files=(PackageFile(filename="libblas-3.9.0-16_linux64_openblas.tar.bz2", sha256="b" * 64),),
)  # fmt: skip


def verdict_on(item: PackageReport, code: str) -> Finding:
    return Finding(
        code=code, level=Level.ERROR if code == "license/denied" else Level.WARNING,
        message=f"{item.name} {item.version}: {item.expression or item.evidence or 'no licence'} is not allowed",
        origin=Origin(file="conda.yaml", line=7, column=5), subject=item.name, hint="allow it, or do without it",
    )  # fmt: skip


@pytest.fixture
def locks() -> Report:
    """Two models with their locks, as ``envbuilder licenses`` reports them: every state, both ecosystems."""
    churn = ModelReport(
        model="registry/churn/1", folder="registry/churn/1", mlflow_version="1.14.1", python="3.8.8",
        created=datetime.datetime(2021, 3, 1, 10, 30, tzinfo=datetime.timezone.utc), channels=("defaults",),
        packages=(MLFLOW, NUMPY, PSYCOPG, ODD),
        findings=(verdict_on(PSYCOPG, "license/denied"), verdict_on(ODD, "license/ambiguous")),
    )  # fmt: skip
    other = ModelReport(
        model="registry/churn/2", folder="registry/churn/2", packages=(CONDA, NOTHING, NUMPY),
        findings=(verdict_on(NOTHING, "license/unknown"),),
    )  # fmt: skip
    return Report(models=(churn, other), today=datetime.date(2026, 1, 1), policy="5" * 64)


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """A real browser without a window, which reaches no host; CI must have one, a developer may."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        missing = "no chromium and chromedriver are here: install Debian's chromium and chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    # As root, as in most CI containers, Chromium's sandbox does not start.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as started:
        yield started
