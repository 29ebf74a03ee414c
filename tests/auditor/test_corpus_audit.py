"""Real models: those with licensed channels are found, all of them and no others, each with its fix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.findings import Level
from envbuilder.report.report import Report

MODELS = Path(__file__).parents[3] / "shared" / "corpus" / "models"

LICENSED = {
    "defaults": "0040 0041 0042 0111 0118 0134 0135 0138 0149 0153 0181 0182 0193 0194 0195 0205 0206 0207 0208 0210",
    "anaconda": "0075 0128 0136",
}
"""Written down from the files: a line of the list of channels that is one of the licensed names. None of the
models names one by URL or in a dependency, and none lacks the list."""

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason="the collection of real models is not here")


@pytest.fixture(scope="module")
def report() -> Report:
    import datetime

    import envbuilder

    return envbuilder.audit(MODELS, today=datetime.date(2026, 1, 1))


def test_everything_is_read(report: Report) -> None:
    assert report.complete
    assert len(report.models) == len(list(MODELS.iterdir())) == 127


def test_exactly_the_models_with_licensed_channels_are_found(report: Report) -> None:
    found = {
        Path(model.model).name: finding.subject
        for model in report.models
        for finding in model.findings
        if finding.code.startswith("channel/") and finding.level is Level.ERROR
    }
    assert found == {model: channel for channel, models in LICENSED.items() for model in models.split()}


def test_each_has_a_fix_that_names_no_licensed_channel(report: Report) -> None:
    fixes = [f.fix for m in report.models for f in m.findings if f.code == "channel/restricted"]
    assert len(fixes) == 23
    for fix in fixes:
        assert fix is not None
        assert "defaults" not in fix.after.replace("nodefaults", "")
        assert "anaconda" not in fix.after


def test_a_rewritten_registry_is_clean(report: Report, tmp_path: Path, run: Callable[..., Report]) -> None:
    from envbuilder.cli.mending import mend
    from envbuilder.policy import DEFAULT

    assert mend(report, (str(MODELS),), DEFAULT, folder=tmp_path / "out", in_place=False)
    again = run(tmp_path / "out")
    assert again.complete
    assert len(again.models) >= 118
    left = [f.code for m in again.models for f in m.findings if f.code.startswith("channel/")]
    assert left == []
