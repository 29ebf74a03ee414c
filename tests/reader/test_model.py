from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError, InputRefused
from envbuilder.reader.model import read_model
from envbuilder.spec import EnvSpec

Write = Callable[[dict[str, str | bytes]], Path]
FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "models").iterdir())

MLMODEL = """\
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    python_version: 3.8.15
mlflow_version: 2.0.1
utc_time_created: '2022-12-16 03:26:44.921127'
"""
PYTHON_ENV = "python: 3.8.15\nbuild_dependencies: [pip==22.3.1]\ndependencies: [-r requirements.txt]\n"
CONDA = """\
channels: [conda-forge, nodefaults]
dependencies:
- python=3.8.15
- pip<=22.3.1
- pip: [mlflow==2.0.1, numpy==1.21.0]
"""


def codes(spec: EnvSpec) -> list[str]:
    return [finding.code for finding in spec.findings]


def disagreements(spec: EnvSpec) -> list[str]:
    return [f"{f.origin} {f.message}" for f in spec.findings if f.code == "input/files-disagree"]


def test_files_that_agree(model: Write) -> None:
    root = model(
        {"MLmodel": MLMODEL, "python_env.yaml": PYTHON_ENV, "conda.yaml": CONDA,
         "requirements.txt": "mlflow==2.0.1\nnumpy==1.21.0\n"}
    )  # fmt: skip
    spec = read_model(root)
    assert [(wish.text, wish.origin.file) for wish in spec.python] == [
        ("3.8.15", "python_env.yaml"),
        ("3.8.15", "conda.yaml"),
        ("3.8.15", "MLmodel"),
    ]
    assert [seed.text for seed in spec.seeds] == ["pip==22.3.1"]
    assert [(i.text, i.origin.file, i.primary) for i in spec.pypi] == [
        ("mlflow==2.0.1", "requirements.txt", True),
        ("numpy==1.21.0", "requirements.txt", True),
    ]
    assert spec.conda_file == "conda.yaml"
    assert spec.provenance.created == datetime.datetime(
        2022, 12, 16, 3, 26, 44, 921127, datetime.timezone.utc
    )
    assert [f.path for f in spec.provenance.files] == [
        "MLmodel",
        "conda.yaml",
        "python_env.yaml",
        "requirements.txt",
    ]
    assert spec.provenance.absent == ()
    assert codes(spec) == ["input/include"]


def test_every_disagreement_is_told_where_it_was_overruled(model: Write) -> None:
    conda = """\
channels: [conda-forge, nodefaults]
dependencies:
- python=3.12
- scikit-learn=0.24.2
- scipy
- pip: [mlflow==1.26.1, xlrd==2.0.1, cloudpickle]
"""
    requirements = "mlflow==2.0.1\nscikit-learn==1.0\ncloudpickle\nlz4\n"
    root = model(
        {"MLmodel": MLMODEL.replace("3.8.15", "3.8.5"), "python_env.yaml": PYTHON_ENV, "conda.yaml": conda,
         "requirements.txt": requirements}
    )  # fmt: skip
    spec = read_model(root)
    assert [(i.name, i.primary) for i in spec.pypi] == [
        ("mlflow", True), ("scikit-learn", True), ("cloudpickle", True), ("lz4", True), ("xlrd", False),
    ]  # fmt: skip
    assert [c.name for c in spec.conda] == ["scikit-learn", "scipy"]
    assert disagreements(spec) == [
        "conda.yaml:6:9 mlflow==1.26.1 is overruled: requirements.txt:1:1 decides: mlflow==2.0.1",
        "conda.yaml:6:25 conda.yaml alone names xlrd; they are kept",
        "conda.yaml:4:3 scikit-learn =0.24.2 contradicts scikit-learn==1.0 (requirements.txt:2:1), which decides",
        "conda.yaml conda.yaml lacks lz4, which requirements.txt asks for",
        "conda.yaml:3:3 Python 3.12 is overruled by 3.8.15 (python_env.yaml:1:9)",
        "MLmodel:4:21 Python 3.8.5 is overruled by 3.8.15 (python_env.yaml:1:9)",
    ]
    levels = [f.level.value for f in spec.findings if f.subject == "python"]
    assert levels == ["warning", "note"]


def test_mlflow_of_another_version_than_the_logging_one(model: Write) -> None:
    spec = read_model(model({"MLmodel": "mlflow_version: 2.0.1\n", "requirements.txt": "mlflow==1.30.0\n"}))
    assert disagreements(spec) == [
        "MLmodel:1:17 the model was logged by mlflow 2.0.1, and mlflow==1.30.0 (requirements.txt:1:1) is asked for"
    ]


def test_python_env_decides_over_requirements(model: Write) -> None:
    root = model({"python_env.yaml": "dependencies: [numpy==1.0]", "requirements.txt": "numpy==2.0\nscipy\n"})
    spec = read_model(root)
    assert [(i.text, i.primary) for i in spec.pypi] == [("numpy==1.0", True), ("scipy", False)]


def test_the_pip_list_decides_where_nothing_else_does(model: Write) -> None:
    root = model({"conda.yaml": CONDA, "requirements.txt": "# nothing\n"})
    spec = read_model(root)
    assert [(i.text, i.primary) for i in spec.pypi] == [("mlflow==2.0.1", True), ("numpy==1.21.0", True)]
    assert [seed.text for seed in spec.seeds] == ["pip<=22.3.1"]
    assert "MLmodel" in spec.provenance.absent
    assert "python_env.yaml" in spec.provenance.absent


def test_direct_references_of_two_files(model: Write) -> None:
    far = "far @ https://example.org/far.zip"
    conda = f"channels: [nodefaults]\ndependencies: [{{pip: ['{far}', 'near @ https://example.org/near.zip', far2]}}]"
    spec = read_model(model({"requirements.txt": f"{far}\nnear==1.0\n", "conda.yaml": conda}))
    assert [d.name for d in spec.direct] == ["far"]
    assert [i.name for i in spec.pypi] == ["near", "far2"]
    assert any("near is a direct reference here" in text for text in disagreements(spec))


def test_missing_files_that_are_named(model: Write) -> None:
    spec = read_model(model({"MLmodel": MLMODEL, "environment.yml": CONDA}))
    assert spec.conda_file == "environment.yml"
    assert codes(spec).count("input/missing-file") == 2
    assert spec.provenance.absent == ("conda.yaml", "conda.yml", "python_env.yaml", "requirements.txt")


def test_the_named_file_wins_over_the_usual_ones(model: Write) -> None:
    mlmodel = "flavors: {python_function: {env: env/mine.yml}}"
    spec = read_model(model({"MLmodel": mlmodel, "env/mine.yml": CONDA, "conda.yaml": "channels: [x]"}))
    assert spec.conda_file == "env/mine.yml"


def test_pytorch_requirements_file(model: Write) -> None:
    mlmodel = "flavors: {pytorch: {requirements_file: {path: extra/req.txt}}}"
    spec = read_model(model({"MLmodel": mlmodel, "extra/req.txt": "torch==1.8.0\n"}))
    assert [i.text for i in spec.pypi] == ["torch==1.8.0"]


def test_a_model_without_environment_files(model: Write) -> None:
    spec = read_model(model({"MLmodel": MLMODEL}))
    assert [wish.text for wish in spec.python] == ["3.8.15"]
    assert spec.pypi == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [("requirements.txt", "-r more.txt\n"), ("reqs.in", "-r more.txt\n"), ("conda.yaml", "dependencies: [{pip: [-r more.txt]}]"),
     ("env.yml", "dependencies: [{pip: [-r more.txt]}]"), ("python_env.yaml", "dependencies: [-r more.txt]")],
)  # fmt: skip
def test_a_single_file(model: Write, name: str, content: str) -> None:
    root = model({name: content, "more.txt": "numpy\n", "uv.toml": ""})
    spec = read_model(root / name)
    assert [i.text for i in spec.pypi] == ["numpy"]
    assert spec.provenance.model == str(root / name)
    assert "source/tool-config" not in codes(spec)


def test_the_mlmodel_file_stands_for_the_model(model: Write) -> None:
    root = model({"MLmodel": MLMODEL, "requirements.txt": "numpy\n"})
    assert read_model(root / "MLmodel", name="x").pypi == read_model(root).pypi


@pytest.mark.parametrize("path", ["nothing", "nothing/conda.yaml", "model/nothing.txt", "a" * 300, "\0"])
def test_no_such_model(model: Write, path: str) -> None:
    root = model({"conda.yaml": CONDA})
    with pytest.raises(EnvbuilderError) as caught:
        read_model(root.parent / path)
    assert caught.value.code == "input/missing-file"
    assert caught.value.hint


def test_an_empty_folder_is_no_model(model: Write) -> None:
    with pytest.raises(EnvbuilderError, match="holds no MLmodel") as caught:
        read_model(model({"model.pkl": ""}))
    assert caught.value.code == "input/missing-file"


def test_a_refusal_brings_every_finding(model: Write) -> None:
    root = model(
        {
            "requirements.txt": "a b\nflask==0.12\nFlask==2.0\n",
            "conda.yaml": "channels: [defaults]\ndependencies: [!x a]",
        }
    )
    with pytest.raises(InputRefused) as caught:
        read_model(root, name="mine")
    assert caught.value.model == "mine"
    assert [f.code for f in caught.value.refusals] == [
        "input/malformed-requirement",
        "input/yaml-tag",
        "input/conflicting-requirement",
    ]
    assert "requirements.txt:3:1" in str(caught.value)


def test_a_channel_alone_refuses_nothing(model: Write) -> None:
    spec = read_model(model({"conda.yaml": "channels: [defaults]\ndependencies: [python=3.8]\n"}))
    assert "channel/restricted" in codes(spec)


def test_only_the_model_is_read(model: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = model({"requirements.txt": "numpy\n"})
    (tmp_path / "uv.toml").touch()
    (tmp_path / "conda.yaml").write_text(CONDA)
    monkeypatch.chdir(tmp_path)
    assert read_model(Path("model")).pypi == read_model(root).pypi
    assert codes(read_model(Path("model"))) == []


def test_a_file_that_may_not_be_read(model: Write) -> None:
    root = model({"requirements.txt": "numpy\n"})
    os.chmod(root / "requirements.txt", 0)  # noqa: PTH101
    if os.access(root / "requirements.txt", os.R_OK):
        assert read_model(root).pypi  # the superuser reads everything
        return
    with pytest.raises(InputRefused) as caught:
        read_model(root)
    assert caught.value.code == "input/unreadable"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_fixtures(path: Path) -> None:
    spec = read_model(path)
    assert spec.python
    assert spec.provenance.created is not None
    assert spec.pypi or spec.conda
    assert spec == read_model(path)


pieces = st.lists(
    st.sampled_from(
        ["channels:", "dependencies:", "- ", "  - ", "pip:", "python", "=3.8", "numpy", "==1", "conda.yaml", "flavors:",
         "  python_function:", "    env: ", "{", "}", "[", "]", "&a ", "*a", "!!", "'", '"', "\n", " ", ": ", "#", "~",
         "-r requirements.txt", "\\", "\u2028", "\x1b", "defaults::", "https://", "${A}", "run_id: "]
    ), max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"]),
        st.one_of(pieces.map(str.encode), st.binary(max_size=60)),
        min_size=1,
    )
)
def test_only_our_errors_escape(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    root = tmp_path_factory.mktemp("any")
    for name, content in files.items():
        (root / name).write_bytes(content)
    try:
        spec = read_model(root)
    except InputRefused as refused:
        assert str(refused).replace("\n", "").isprintable()
        assert all(finding.origin for finding in refused.refusals)
    else:
        assert {f.path for f in spec.provenance.files} >= set(files)
