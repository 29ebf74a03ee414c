"""Files of values are read as MLflow's scoring server reads them, with the signature's types."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import numpy
import pandas
import pytest

from envbuilder.workers.envbuilder_child import documents

MIXED = [
    ("x", "double"),
    ("n", "long"),
    ("s", "string"),
    ("b", "boolean"),
    ("t", "datetime"),
    ("r", "binary"),
]


class Model:
    """Remembers what it was asked; its signature is the one given."""

    def __init__(self, columns: list[tuple[str, str]] | None = None, tensors: Any = None) -> None:
        inputs = [{"name": name, "type": kind} for name, kind in columns or ()] + list(tensors or ())
        signature = SimpleNamespace(to_dict=lambda: {"inputs": json.dumps(inputs)}) if inputs else None
        self.metadata = SimpleNamespace(signature=signature)
        self.asked: Any = None
        self.params: Any = None
        self.answer: Any = [1]

    def predict(self, data: Any, params: Any = None) -> Any:
        self.asked, self.params = data, params
        return self.answer


def asked(model: Model, content: Any, form: str = "json", **example: str) -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    documents.predict(model, raw, form, example)
    return model.asked


def tensor(dtype: str, name: str | None = None) -> dict[str, Any]:
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, 2]}}
    return spec | ({"name": name} if name else {})


def test_csv_gets_the_types_of_the_signature() -> None:
    text = b"x,n,s,b,t,r,more\n1,2,007,True,2024-01-02,aGk=,1\n0.1,3,,False,2024-01-03,,2\n"
    frame = asked(Model(MIXED), text, "csv")
    assert [str(dtype) for dtype in frame.dtypes][:2] == ["float64", "int64"]
    assert frame["x"].tolist() == [1.0, 0.1]
    assert frame["s"].tolist()[0] == "007"
    assert frame["b"].tolist() == [True, False]
    assert frame["t"].dtype.kind == "M"
    assert frame["r"].tolist()[0] == b"hi"


def test_values_that_are_not_of_the_type_are_left_for_mlflow_to_judge() -> None:
    frame = asked(Model([("n", "long"), ("x", "double")]), b"n,x\n1.5,a\n2,3\n", "csv")
    assert frame["n"].tolist() == [1.5, 2.0]
    assert frame["x"].tolist() == ["a", "3"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
        {"dataframe_records": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
        {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3, 4]]},
        [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
        {"inputs": {"a": [1, 3], "b": [2, 4]}},
        {"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
        {"inputs": [[1, 2], [3, 4]]},
        {"inputs": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
        {"a": [1, 3], "b": [2, 4]},
    ],
)
def test_every_layout_of_rows_becomes_the_same_frame(body: Any) -> None:
    frame = asked(Model([("a", "double"), ("b", "double")]), body)
    expected = pandas.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})
    pandas.testing.assert_frame_equal(frame, expected)


def test_params_go_with_the_rows() -> None:
    model = Model([("a", "double")])
    asked(model, {"dataframe_records": [{"a": 1}], "params": {"top": 3}})
    assert model.params == {"top": 3}


def test_tensors_get_their_dtype_by_name_or_alone() -> None:
    alone = asked(Model(tensors=[tensor("float32")]), {"instances": [[1, 2], [3, 4]]})
    assert alone.dtype == numpy.float32
    named = Model(tensors=[tensor("int32", "ids"), tensor("float64", "mask")])
    for body in (
        {"inputs": {"ids": [[1, 2]], "mask": [[0, 1]]}},
        {"instances": [{"ids": [1, 2], "mask": [0, 1]}]},
    ):
        found = asked(named, body)
        assert {key: str(value.dtype) for key, value in found.items()} == {"ids": "int32", "mask": "float64"}


def test_parquet_is_read_by_what_the_models_side_has(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pandas.DataFrame({"a": [1.0, 3.0]})
    monkeypatch.setattr(pandas, "read_parquet", lambda stream: frame if stream.read() == b"PAR1" else None)
    assert asked(Model([("a", "double")]), b"PAR1", "parquet") is frame

    def lacking(_: io.BytesIO) -> Any:
        raise ImportError

    monkeypatch.setattr(pandas, "read_parquet", lacking)
    with pytest.raises(documents.Unreadable, match="pyarrow"):
        asked(Model(), b"PAR1", "parquet")


def test_examples_of_every_type_are_read() -> None:
    frame = {"columns": ["a"], "data": [[1], [None]]}
    columns = Model([("a", "double")])
    assert asked(columns, frame, "example", type="dataframe", pandas_orient="split")["a"].dtype == "float64"
    assert asked(columns, [{"a": 1}], "example", type="dataframe", pandas_orient="records")["a"].tolist() == [
        1.0
    ]
    assert asked(Model(), {"data": [[1, 2]]}, "example", type="dataframe", pandas_orient="values").shape == (
        1,
        2,
    )
    for body in ({"inputs": [[1, 2]]}, [[1, 2]]):
        assert asked(Model(tensors=[tensor("int8")]), body, "example", type="ndarray").dtype == "int8"
    assert asked(Model(), {"messages": []}, "example", type="json_object") == {"messages": []}
    model = Model()
    with_params = {"inputs": "text", "params": {"top": 1}}
    assert asked(model, with_params, "example", type="json_object", params="true") == "text"
    assert model.params == {"top": 1}


@pytest.mark.parametrize(
    ("content", "form", "why"),
    [
        (b"{", "json", "this is not JSON"),
        (b"\xff\xfe", "json", "this is not JSON"),
        (b"", "csv", "cannot be read as csv"),
        (b'{"inputs": [1], "instances": [1]}', "json", "instances and inputs; give one"),
        (b'{"dataframe_records": {"a": 1}}', "json", "a list of objects"),
        (b"[]", "example", "type None"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, form: str, why: str) -> None:
    with pytest.raises(documents.Unreadable, match=why):
        asked(Model(), content, form)


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (numpy.array([1.5, numpy.nan]), [1.5, None]),
        (numpy.array([[1, 2]], "int8"), [[1, 2]]),
        (pandas.DataFrame({"a": [1, 2], 0: ["x", None]}), [{"a": 1, "0": "x"}, {"a": 2, "0": None}]),
        (pandas.Series([1.0, 2.0], name="y"), [{"y": 1.0}, {"y": 2.0}]),
        ({"p": numpy.float32(0.5), "t": pandas.Timestamp("2024-01-02"), "b": b"hi"},
         {"p": 0.5, "t": "2024-01-02T00:00:00", "b": "aGk="}),
        (numpy.array(["2024-01-02"], "M8[D]"), ["2024-01-02"]),
        ("text", "text"),
        (iter(["a", "b"]), ["a", "b"]),
        ([pandas.NaT, float("inf"), True, None], [None, None, True, None]),
    ],
)  # fmt: skip
def test_predictions_are_json_as_the_scoring_server_writes_it(answer: Any, plain: Any) -> None:
    model = Model()
    model.answer = answer
    assert json.loads(documents.predict(model, b"[1, 2]", "json", {})) == {"rows": 2, "predictions": plain}


def test_a_prediction_without_a_form_in_json_is_an_error() -> None:
    model = Model()
    model.answer = [object()]
    with pytest.raises(TypeError, match=r"builtins\.object"):
        documents.predict(model, b"[1]", "json", {})
