"""What exceptions of real libraries say, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.findings import Level, Origin
from envbuilder.predictions.diagnosis import diagnose
from envbuilder.predictions.evidence import Evidence, Made
from envbuilder.predictions.failure import Failure
from envbuilder.predictions.given import Given
from envbuilder.predictions.providers import distribution_of, installed, installed_provider
from envbuilder.reader.model import read_model
from envbuilder.spec import PypiName
from tests.conftest import MODELS

GIVEN = Given(name="rows.csv", form="csv", content=b"")


def site(folder: Path) -> Path:
    for name, version, files in [
        ("scikit_learn", "1.3.0", "sklearn/__init__.py"), ("numpy", "1.24.3", "numpy/__init__.py"),
        ("six", "1.16.0", "six.py"), ("mlflow", "2.9.2", "mlflow/__init__.py"),
    ]:  # fmt: skip
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "RECORD").write_text(f"{files},sha256=x,1\n{info.name}/RECORD,,\n", "utf-8")
    return folder


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    folder = site(tmp_path / "site-packages")
    return Evidence(
        spec=read_model(MODELS / "sklearn-2.9"),
        made_with=(
            Made(name=PypiName("scikit-learn"), version="1.3.0", origin=Origin(file="MLmodel", line=10)),
        ),
        made_by_python="3.10.13",
        versions=installed(folder),
        site=folder,
        python_version="3.10.13",
    )


def failed(
    message: str, *, stage: str = "load", type_name: str = "", code: str = "worker/raised", log: str = ""
) -> Failure:
    return Failure(stage=stage, code=code, type_name=type_name, message=message, log=log)


@pytest.mark.parametrize(
    ("failure", "code", "origin", "words"),
    [
        (failed("No module named 'lightgbm'"), "predict/missing-module", "requirements.txt", "lightgbm provides it"),
        (failed("No module named 'PIL.Image'"), "predict/missing-module", "requirements.txt", "pillow provides it"),
        (failed("No module named 'cloudpickle'"), "predict/missing-module", "requirements.txt:2:1", "asked for and not"),
        (failed("No module named 'my_features'"), "predict/missing-module", "requirements.txt", "no package is known"),
        (failed("No module named 'sklearn.ensemble.forest'"), "predict/version-mismatch", "requirements.txt:6:1",
         "scikit-learn 1.3.0 has no module sklearn.ensemble.forest"),
        (failed("No module named 'numpy._core'"), "predict/version-mismatch", "requirements.txt:3:1", "numpy 1.24.3"),
        (failed("numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header"),
         "predict/numpy-abi", "requirements.txt:3:1", "compiled for another numpy than the 1.24.3"),
        (failed("A module that was compiled using NumPy 1.x cannot be run in NumPy 2.0.0"), "predict/numpy-abi",
         "requirements.txt:3:1", "1.24.3"),
        (failed("Can't get attribute 'Scaler' on <module '__main__' from '<string>'>"), "predict/own-code", None, "Scaler"),
        (failed("Can't get attribute 'Loss' on <module 'sklearn._loss' from '/x.py'>"), "predict/version-mismatch",
         "requirements.txt:6:1", "sklearn._loss of scikit-learn 1.3.0 has no Loss"),
        (failed("unsupported pickle protocol: 5"), "predict/python-mismatch", "python_env.yaml:1:9", "3.10.13"),
        (failed("invalid load key, 'v'.", type_name="_pickle.UnpicklingError"), "predict/unpickling", None, "cloudpickle"),
        (failed("libgomp.so.1: cannot open shared object file: No such file or directory"), "predict/system-library",
         None, "libgomp.so.1"),
        (failed("[Errno 2] No such file or directory: '/m/tokens.txt'"), "predict/missing-file", None, "/m/tokens.txt"),
        (failed("the model's process died of SIGSEGV", code="worker/crashed"), "predict/crashed", None, "SIGSEGV"),
        (failed("the model did not answer within 1 s", code="worker/timeout"), "predict/timeout", None, "1 s"),
        (failed("the model raised builtins.KeyError: 'x'"), "predict/raised", None, "KeyError"),
        (failed("…", stage="predict", log="Error: Model is missing inputs ['b']. Note that there were extra inputs: ['c']"),
         "predict/schema", None, "there is no column 'b'; the model knows no column 'c'"),
        (failed("Incompatible input types for column a. Can not safely convert int64 to int32.", stage="predict"),
         "predict/schema", None, "column 'a' is of the wrong type: Can not safely convert"),
        (failed("X has 3 features, but SVC is expecting 4 features as input.", stage="predict"), "predict/schema", None,
         "it has 3 columns, the model takes 4"),
        (failed("…", stage="predict", log="Feature names seen at fit time, yet now missing:\n- sepal width\n"),
         "predict/schema", None, "there is no column 'sepal width'"),
    ],
)  # fmt: skip
def test_a_failure_has_a_cause(
    failure: Failure, code: str, origin: str | None, words: str, evidence: Evidence
) -> None:
    first, *others = diagnose(failure, evidence, GIVEN)
    assert (first.code, first.level) == (code, Level.ERROR)
    assert words in first.message
    assert first.hint
    if origin:
        assert str(first.origin) == origin
    assert others == []


def test_versions_that_disagree_are_the_cause_of_what_their_code_raises(evidence: Evidence) -> None:
    import dataclasses

    made = Made(name=PypiName("scikit-learn"), version="1.6.1", origin=Origin(file="MLmodel", line=10))
    other = dataclasses.replace(evidence, made_with=(made,))
    log = 'File "/e/lib/python3.10/site-packages/sklearn/tree/_classes.py", line 1, in f\nAttributeError: no'
    (first,) = diagnose(failed("AttributeError: no", log=log), other, GIVEN)
    assert first.code == "predict/version-mismatch"
    assert first.fix
    assert (first.fix.before, first.fix.after) == ("scikit-learn==1.3.0", "scikit-learn==1.6.1")
    elsewhere = log.replace("sklearn/tree", "numpy/core")
    first, second = diagnose(failed("AttributeError: no", log=elsewhere), other, GIVEN)
    assert (first.code, second.code) == ("predict/raised", "predict/version-mismatch")
    assert second.level is Level.WARNING


def test_distributions_are_known_by_their_modules(tmp_path: Path) -> None:
    assert distribution_of("sklearn.svm") == "scikit-learn"
    assert distribution_of("google.protobuf.message") == "protobuf"
    assert distribution_of("google.cloud") is None
    assert distribution_of("feature_engine") == "feature-engine"
    assert distribution_of("own_module") is None
    folder = site(tmp_path / "s")
    assert installed(folder)[PypiName("scikit-learn")] == "1.3.0"
    assert installed_provider("sklearn.svm", folder) == "scikit-learn"
    assert installed_provider("six", folder) == "six"
    assert installed_provider("absent", folder) is None
