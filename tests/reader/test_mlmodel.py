from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.reader.mlmodel import Logged, read_mlmodel, utc_time
from envbuilder.reader.reading import Reading

Start = Callable[[dict[str, str | bytes]], Reading]
UTC = datetime.timezone.utc


def read(start: Start, text: str) -> tuple[Logged, Reading]:
    opened = start({"MLmodel": text})
    return read_mlmodel(opened), opened


def codes(opened: Reading) -> list[str]:
    return [finding.code for finding in opened.gathering.findings]


def test_a_model_of_2_x(reading: Start) -> None:
    text = """\
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.10
  xgboost:
    xgb_version: 1.7.4
  sklearn:
    code: null
    sklearn_version: 1.2.2
mlflow_version: 2.10
model_uuid: abc
run_id: '=HYPERLINK("x")'
utc_time_created: '2022-12-16 03:26:44.921127'
unknown: {deep: [1]}
"""
    logged, opened = read(reading, text)
    assert [(f.name, f.loader_module, f.library_version) for f in logged.flavors] == [
        ("python_function", "mlflow.sklearn", ""),
        ("xgboost", "", "1.7.4"),
        ("sklearn", "", "1.2.2"),
    ]
    assert str(logged.flavors[1].origin) == "MLmodel:6:3"
    assert logged.python is not None
    assert logged.python.text == "3.10"
    assert logged.conda_file is not None
    assert logged.conda_file.path == "conda.yaml"
    assert logged.python_env is not None
    assert (logged.mlflow_version, logged.model_uuid, logged.run_id) == ("2.10", "abc", '=HYPERLINK("x")')
    assert logged.created == datetime.datetime(2022, 12, 16, 3, 26, 44, 921127, UTC)
    assert codes(opened) == []


@pytest.mark.parametrize("key", ["env", "conda_env"])
def test_old_names_of_the_conda_file(reading: Start, key: str) -> None:
    logged, _ = read(reading, f"flavors: {{python_function: {{{key}: mlflow_env.yml}}}}")
    assert logged.conda_file is not None
    assert logged.conda_file.path == "mlflow_env.yml"
    assert logged.python_env is None


@pytest.mark.parametrize("value", ["requirements.txt", "{path: requirements.txt}"])
def test_requirements_of_pytorch(reading: Start, value: str) -> None:
    logged, _ = read(reading, f"flavors: {{pytorch: {{requirements_file: {value}}}}}")
    assert logged.requirements is not None
    assert logged.requirements.path == "requirements.txt"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("utc_time_created: 19-09-25T13:56:34.34.95", "input/malformed-time"),
        ("utc_time_created: <date>", "input/malformed-time"),
        ("flavors: [a]", "input/not-a-mapping"),
        ("flavors: {python_function: x}", "input/not-a-mapping"),
        ("flavors: {python_function: {python_version: <version>}}", "input/python-version"),
    ],
)
def test_garbage_is_told(reading: Start, text: str, code: str) -> None:
    logged, opened = read(reading, text)
    assert codes(opened) == [code]
    assert not opened.gathering.refused
    assert logged.created is None
    assert logged.python is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("flavors: {python_function: {env: ../conda.yaml}}", "input/path-escape"),
        ("flavors: {python_function: {env: {conda: /conda.yaml}}}", "input/path-escape"),
        ("flavors: {python_function: {env: {virtualenv: 'C:\\x'}}}", "input/path-escape"),
        ("flavors: {python_function: {env: [a]}}", "input/not-a-string"),
        ("flavors: {python_function: {code: ../../tmp}}", "input/path-escape"),
        ("flavors: {python_function: {data: /tmp}}", "input/path-escape"),
        ("flavors: {python_function: {artifacts: {a: {path: ../x}}}}", "input/path-escape"),
        ("flavors: {sklearn: {pickled_model: ../x}}", "input/path-escape"),
        ("flavors: {pytorch: {requirements_file: {path: ../x}}}", "input/path-escape"),
        ("flavors: {python_function: {python_version: ./evil}}", "input/python-version"),
        ("flavors: {python_function: {python_version: --help}}", "input/python-version"),
        ("flavors: {python_function: {python_version: [3]}}", "input/not-a-string"),
        ("flavors: {python_function: {loader_module: [x]}}", "input/not-a-string"),
        ('run_id: "\\e[31m"', "input/control-character"),
        ('mlflow_version: "1\\u2028"', "input/line-separator"),
        ("run_id: {a: b}", "input/not-a-string"),
        ("run_id: " + "x" * 2000, "input/too-long"),
    ],
)
def test_refused(reading: Start, text: str, code: str) -> None:
    _, opened = read(reading, text)
    assert opened.gathering.refused
    assert codes(opened)[0] == code


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-12-16 03:26:44.921127", (2022, 12, 16, 3, 26, 44, 921127)),
        ("2022-12-16T03:26:44", (2022, 12, 16, 3, 26, 44)),
        ("2022-12-16T03:26:44.9Z", (2022, 12, 16, 3, 26, 44, 900000)),
        ("2022-12-16T03:26:44.123456789+02:00", (2022, 12, 16, 1, 26, 44, 123456)),
        ("2022-12-16 00:26-0130", (2022, 12, 16, 1, 56)),
    ],
)
def test_times(text: str, time: tuple[int, ...]) -> None:
    year, month, day, *rest = time
    assert utc_time(text) == datetime.datetime(year, month, day, *rest, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2022-12-16",
        "2022-13-01 00:00:00",
        "0000-01-01 00:00",
        "0001-01-01 00:00+05:00",
        "1663298799",
        "2022-12-16 25:00:00",
    ],
)
def test_no_time(text: str) -> None:
    assert utc_time(text) is None


@given(st.datetimes())
def test_what_mlflow_writes(moment: datetime.datetime) -> None:
    assert utc_time(str(moment)) == moment.replace(tzinfo=UTC)
