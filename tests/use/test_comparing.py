"""Two models from their paths: locked once each, or read only; an error says which of the two it is about."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.comparison.difference import Difference
from envbuilder.errors import InputRefused, PolicyError, ResolveError
from envbuilder.findings import Origin
from envbuilder.licensing.library import Library
from envbuilder.licensing.metadata import Metadata
from envbuilder.policy import DEFAULT, Licenses
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from envbuilder.use.comparing import compare_models
from tests.store import fakes
from tests.use.conftest import Stages

TODAY = datetime.date(2026, 1, 1)


@pytest.fixture
def other(model: Path, tmp_path: Path) -> Path:
    """A second version of the model."""
    folder = shutil.copytree(model, tmp_path / "other")
    (folder / "requirements.txt").write_text("-r more.txt\nthing==1.0\nmlflow==2.10.0\n")
    return Path(folder)


def test_both_are_locked_once_and_compared(
    model: Path, other: Path, settings: Settings, stages: Stages
) -> None:
    found = compare_models(model, other, today=TODAY, settings=settings)
    again = compare_models(model, other, today=TODAY, settings=settings)
    assert found == again
    assert stages.resolutions == 2
    assert found.locked
    assert (found.before.model, found.after.model) == (str(model), str(other))
    assert (found.before.packages, found.before.lock_id) == (1, fakes.lock().lock_id)
    # The fake resolver never has mlflow: only the wishes differ.
    assert [(delta.name, delta.step.value) for delta in found.packages] == [("mlflow", "changed")]
    assert compare_models(model, model, today=TODAY, settings=settings).empty


def test_files_alone_need_no_lock(model: Path, other: Path, settings: Settings, stages: Stages) -> None:
    found = compare_models(model, other, today=TODAY, settings=settings, files_only=True)
    assert stages.resolutions == 0
    assert not found.locked
    assert not settings.home.exists()
    assert [(delta.name, delta.step.value) for delta in found.packages] == [("mlflow", "upgraded")]


@pytest.mark.parametrize("files_only", [True, False])
def test_refused_input_names_the_model(
    model: Path, other: Path, settings: Settings, stages: Stages, *, files_only: bool
) -> None:
    (other / "python_env.yaml").write_text("python: !!python/name:os.system 3.8\n")
    with pytest.raises(InputRefused) as caught:
        compare_models(model, other, today=TODAY, settings=settings, files_only=files_only)
    assert caught.value.origin == Origin(file=f"{other}/python_env.yaml", line=1, column=9)
    assert {refusal.origin for refusal in caught.value.refusals} == {caught.value.origin}


def test_a_failing_resolution_names_the_model_and_the_lines(
    model: Path, other: Path, settings: Settings, stages: Stages
) -> None:
    stages.error = ResolveError("no way", requirements=((Origin(file="requirements.txt", line=2), "thing"),))
    with pytest.raises(ResolveError) as caught:
        compare_models(other, model, today=TODAY, settings=settings)
    assert str(caught.value.origin) == str(other)
    assert [str(origin) for origin, _ in caught.value.requirements] == [f"{other}/requirements.txt:2"]


def test_strict_is_kept_without_locks_too(model: Path, other: Path, settings: Settings) -> None:
    (other / "conda.yaml").write_text("channels:\n- defaults\ndependencies:\n- python=3.8.8\n")
    with pytest.raises(PolicyError, match="none is allowed"):
        compare_models(
            model, other, today=TODAY, settings=settings, files_only=True, request=Request(strict=True)
        )


def licensed(model: Path, other: Path, settings: Settings, *, licences: bool) -> Difference:
    policy = replace(DEFAULT, licenses=Licenses(allow=("MIT",)))
    return compare_models(
        model, other, today=TODAY, settings=settings, policy=policy, licences=licences,
        request=Request(offline=True),
    )  # fmt: skip


def test_licences_are_those_that_the_store_knows_and_judged_where_asked(
    model: Path, other: Path, settings: Settings, stages: Stages
) -> None:
    (other / "requirements.txt").write_text("-r more.txt\nmlflow==2.9.2\n")
    settings = replace(settings, offline=True)
    (delta,) = licensed(model, other, settings, licences=False).packages
    assert delta.after is not None
    assert delta.after.licence == ""
    asked = licensed(model, other, settings, licences=True)
    assert [item.path for item in asked.skipped] == ["thing 1.0"]
    library = Library(Store.open(settings.home).layout)
    library.keep_metadata(
        fakes.lock().artifacts[0].sha256,
        Metadata(names=("thing",), versions=("1.0",), expressions=("GPL-3.0-only",)),
    )
    known = licensed(model, other, settings, licences=False)
    assert [delta.after and delta.after.licence for delta in known.packages] == ["GPL-3.0-only"]
    assert not [finding for finding in known.gone if finding.code.startswith("license/")]
    judged = licensed(model, other, settings, licences=True)
    assert judged.skipped == ()
    # It is held against both of them, so it is not new.
    assert not [finding for finding in judged.new if finding.code.startswith("license/")]
