"""What a model is asked: files by their suffix, and examples as MLflow of any year wrote them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.predictions.given import own_example, read_input
from envbuilder.predictions.trial import input_for


def model(folder: Path, info: str, **files: str) -> Path:
    folder.joinpath("MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: m\n" + info, "utf-8"
    )
    for name, text in files.items():
        folder.joinpath(name.replace("_json", ".json")).write_text(text, "utf-8")
    return folder


def test_a_files_suffix_says_what_it_is(tmp_path: Path) -> None:
    for name, form in {"a.csv": "csv", "b.JSON": "json", "c.parquet": "parquet", "d.pq": "parquet"}.items():
        path = tmp_path / name
        path.write_bytes(b"x")
        given = read_input(path)
        assert (given.form, given.content, given.own) == (form, b"x", False)
    with pytest.raises(UsageError, match="tells no form"):
        read_input(tmp_path / "e.txt")
    with pytest.raises(UsageError, match="no such file"):
        read_input(tmp_path / "gone.csv")


def test_the_example_that_mlmodel_names_is_taken(tmp_path: Path) -> None:
    info = "saved_input_example_info:\n  artifact_path: in.json\n  type: ndarray\n  format: tf-serving\n"
    found = own_example(model(tmp_path, info, in_json='{"inputs": [1]}', serving_input_example_json="{}"))
    assert found
    assert (found.name, found.form, dict(found.example)) == ("in.json", "example", {"type": "ndarray"})
    assert str(found.origin) == "MLmodel:5:18"


def test_an_example_without_a_type_is_a_frame(tmp_path: Path) -> None:
    info = "saved_input_example_info:\n  artifact_path: in.json\n  pandas_orient: split\n  params: 'true'\n"
    found = own_example(model(tmp_path, info, in_json=json.dumps({"data": [[1]]})))
    assert found
    assert dict(found.example) == {"type": "dataframe", "pandas_orient": "split", "params": "true"}


def test_a_serving_example_does_where_mlmodel_names_none(tmp_path: Path) -> None:
    found = own_example(model(tmp_path, "", serving_input_example_json='{"inputs": [1]}'))
    assert found
    assert (found.name, found.form) == ("serving_input_example.json", "json")


def test_no_example_says_what_to_do(tmp_path: Path) -> None:
    gone = "saved_input_example_info:\n  artifact_path: gone.json\n  type: dataframe\n"
    for info in ("", gone, "saved_input_example_info: null\n", "saved_input_example_info: text\n"):
        with pytest.raises(EnvbuilderError) as caught:
            input_for(model(tmp_path, info))
        assert caught.value.code == "predict/no-input"


@pytest.mark.parametrize("path", ["../secret.json", "/etc/passwd", "a/../../b"])
def test_an_example_outside_of_the_model_is_refused(tmp_path: Path, path: str) -> None:
    info = f"saved_input_example_info:\n  artifact_path: {path}\n  type: dataframe\n"
    with pytest.raises(EnvbuilderError) as caught:
        own_example(model(tmp_path, info))
    assert caught.value.code == "input/path-escape"


def test_an_example_that_is_a_link_to_outside_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    (folder / "in.json").symlink_to("../secret.json")
    info = "saved_input_example_info:\n  artifact_path: in.json\n  type: dataframe\n"
    with pytest.raises(EnvbuilderError) as caught:
        own_example(model(folder, info))
    assert caught.value.code == "input/symlink"
