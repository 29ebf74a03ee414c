"""Real models and environment files, where the collection is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.errors import InputRefused
from envbuilder.reader.model import read_model

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
MODELS = sorted((CORPUS / "models").glob("[0-9]*")) if CORPUS.is_dir() else []
FILES = sorted((CORPUS / "environment-files").glob("E*")) if CORPUS.is_dir() else []

REFUSED = {
    "E001": "input/path-escape",  # file: URLs of the machine that made the list
    "E004": "input/malformed-requirement",  # ==5.*.*
    "E010": "input/missing-file",
    "E028": "input/missing-file",
    "E031": "input/missing-file",
    "E033": "input/missing-file",
    "E047": "input/malformed-requirement",  # a hash of four digits
    "E052": "input/include-cycle",
    "E055": "input/malformed-requirement",  # the table that `pip list` prints
}

pytestmark = pytest.mark.skipif(not MODELS, reason="the collection of real models is not here")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_every_model_is_read(path: Path) -> None:
    spec = read_model(path)
    assert not any(finding.refuses for finding in spec.findings)
    origins = [item.origin for item in spec.pypi] + [item.origin for item in spec.conda]
    assert all(origin.line for origin in origins)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_read_or_refused_at_its_spot(path: Path) -> None:
    expected = REFUSED.get(path.name)
    if expected is None:
        spec = read_model(path)
        assert spec.pypi or spec.conda or spec.options or spec.direct or spec.python
    else:
        with pytest.raises(InputRefused) as caught:
            read_model(path)
        assert caught.value.code == expected
        assert caught.value.origin is not None
        assert caught.value.origin.line
