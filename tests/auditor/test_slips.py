"""Names one slip away from well-known ones are told; real names are left alone, near as they may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.auditor import slips
from envbuilder.auditor.discovery import Found, discover
from envbuilder.auditor.slips import meant_by
from envbuilder.findings import Level
from envbuilder.reader.model import examine_model
from envbuilder.report.report import ModelReport
from envbuilder.rewriter.names import normalised
from envbuilder.spec import PypiName

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("reqeusts", "requests"),  # swapped
        ("pandsa", "pandas"),
        ("tensoflow", "tensorflow"),  # one missing
        ("xgbost", "xgboost"),
        ("torchh", "torch"),  # doubled
        ("nunpy", "numpy"),  # another letter
        ("numpi", "numpy"),
        ("scikitlearn", "scikit-learn"),  # without its separator
        ("sci-kit-learn", "scikit-learn"),
        ("sckit-learn", "scikit-learn"),
        ("num-py", "numpy"),
        ("numpy1", "numpy"),  # a digit
        ("1ightgbm", "lightgbm"),  # a look-alike
        ("lightgbrn", "lightgbm"),
        ("tensorf1ow", "tensorflow"),
        ("python-numpy", "numpy"),  # a language's name
        ("mlflow-python", "mlflow"),
        ("atplotlib", "matplotlib"),  # a first letter, of a long name
    ],
)
def test_a_slip_is_told(name: str, meant: str) -> None:
    assert meant_by(PypiName(name)) == meant


@pytest.mark.parametrize(
    "name",
    ["numpy", "scikit-learn", "sklearn", "pytorch", "torchx", "dataset", "fastai", "fastapi", "pymc", "pymc3", "pymc4",
     "gsutil", "tomlkit", "our-models", "mlflow-deploy-tool", "a", "", "numpydoc", "pyro-ppl", "tf-nightly", "boto",
     "slack", "attrib", "x" * 5000],
)  # fmt: skip
def test_a_name_of_its_own_is_left_alone(name: str) -> None:
    assert meant_by(PypiName(name)) is None


def test_no_name_of_the_tables_is_a_slip() -> None:
    wellknown, neighbours = slips._data()
    assert len(wellknown) > 300
    assert not wellknown & neighbours
    for name in wellknown | neighbours:
        assert name == normalised(name)
        assert meant_by(PypiName(name)) is None


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collection of real models is not here")
def test_no_real_model_asks_for_a_slip() -> None:
    names = set()
    for found in discover([str(CORPUS / "models"), str(CORPUS / "environment-files")]):
        if isinstance(found, Found):
            spec = examine_model(Path(found.path))
            names |= {item.name for item in (*spec.pypi, *spec.constraints)}
    assert len(names) > 400
    assert {name: meant for name in names if (meant := meant_by(name))} == {}


@given(st.sampled_from(sorted(slips._data()[0])), st.data())
def test_any_slip_in_a_long_name_is_told_unless_it_makes_a_known_one(name: str, data: st.DataObject) -> None:
    if len(name) < slips.LONG:
        return
    at = data.draw(st.integers(0, len(name) - 2))
    slip = data.draw(
        st.sampled_from(
            [
                name[:at] + name[at + 1 :],
                name[:at] + name[at] + name[at:],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                name[:at] + ("x" if name[at] != "x" else "y") + name[at + 1 :],
            ]
        )
    )
    typed = normalised(slip)
    assert typed in slips._known() or typed[:1] == "-" or typed[-1:] == "-" or meant_by(typed) is not None


def test_the_rule_names_the_line_and_weighs_a_warning(one: Callable[..., ModelReport]) -> None:
    report = one({"requirements.txt": "numpy==1.0\npandsa==1.0\n-c c.txt\n", "c.txt": "reqeusts==2\n"})
    found = [f for f in report.findings if f.code == "source/typosquat"]
    assert [(str(f.origin), f.subject, f.level) for f in found] == [
        ("requirements.txt:2:1", "pandsa", Level.WARNING), ("c.txt:1:1", "reqeusts", Level.WARNING),
    ]  # fmt: skip
    assert found[0].message == "pandsa is one slip away from pandas, and not a package that is well known"
