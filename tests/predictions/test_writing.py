"""Predictions as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import UsageError
from envbuilder.predictions.trial import Predicted
from envbuilder.predictions.writing import write_predictions, writer_for


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.1, None, 3], "prediction\r\n0.1\r\n\r\n3\r\n".replace("\r\n\r\n", '\r\n""\r\n')),
        ([[1, 2], [3, 4]], "0,1\r\n1,2\r\n3,4\r\n"),
        ([{"a": "x,y", "b": 1}, {"a": 'say "no"'}], 'a,b\r\n"x,y",1\r\n"say ""no""",\r\n'),
        ([[1], [2, 3]], 'prediction\r\n[1]\r\n"[2, 3]"\r\n'),
        ("a text", "prediction\r\na text\r\n"),
        ([], "prediction\r\n"),
    ],
)
def test_csv_has_a_row_for_each_prediction(values: Any, text: str, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_predictions(Predicted(text=json.dumps(values), rows=None), path)
    assert path.read_bytes().decode() == text


def test_json_is_what_the_scoring_server_answers(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_predictions(Predicted(text="[1, 2]", rows=2), path)
    assert json.loads(path.read_text("utf-8")) == {"predictions": [1, 2]}


def test_a_name_without_a_form_and_a_folder_that_is_not_there_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tells no form"):
        writer_for(tmp_path / "out.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        write_predictions(Predicted(text="[]", rows=0), tmp_path / "no" / "out.csv")
