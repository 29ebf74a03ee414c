"""Which folders are models, in which order, and what is told of those that cannot be looked into."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor import discovery
from envbuilder.auditor.discovery import Found, discover
from envbuilder.report.report import Skipped

Write = Callable[[str, dict[str, str]], Path]
PLAIN = {"requirements.txt": "numpy==1.21.0\n"}
MODEL = {"MLmodel": "flavors: {}\n"}


def names(root: Path, *paths: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    found = list(discover([str(path) for path in paths or (root,)], exclude=exclude))
    assert all(isinstance(item, Found) for item in found), found
    return [os.path.relpath(item.name, root) for item in found if isinstance(item, Found)]


def skipped(*paths: str | Path) -> list[Skipped]:
    return [item for item in discover([str(path) for path in paths]) if isinstance(item, Skipped)]


def test_a_tracking_folder_a_folder_of_exports_and_single_files(write: Write, tmp_path: Path) -> None:
    write("mlruns/1/b/artifacts/model", MODEL)
    write("mlruns/0/a/artifacts/model", MODEL | PLAIN)
    write("exports/x", PLAIN)
    write("exports/y", {"environment.yml": "name: x\n"})
    write("exports/not-one", {"readme.txt": "x", "data.yaml": "x: 1"})
    assert names(tmp_path) == [
        "exports/x", "exports/y", "mlruns/0/a/artifacts/model", "mlruns/1/b/artifacts/model",
    ]  # fmt: skip
    assert names(tmp_path, tmp_path / "exports/x/requirements.txt") == ["exports/x/requirements.txt"]


def test_an_empty_path_is_not_the_folder_of_the_process(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("m", PLAIN)
    monkeypatch.chdir(tmp_path)
    assert skipped("", "m") == [Skipped(path="", reason="the path is empty")]


RUN, MODEL_ID = "9d83a93e8a594baaa682401a2c66aa49", "m-186042b776f14738998a89500601eb36"


def ran(location: str, *models: str) -> dict[str, str]:
    """A run's folder; what else it says of a model is left out."""
    history = json.dumps([{"run_id": RUN, "artifact_path": name} for name in models or ("model",)])
    return {
        "meta.yaml": f"artifact_uri: {location}/0/{RUN}/artifacts\nrun_id: {RUN}\n",
        "tags/mlflow.log-model.history": history,
    }


def logged(location: str, status: int = 2) -> dict[str, str]:
    """The folder of a logged model of MLflow 3."""
    place = f"{location}/0/models/{MODEL_ID}/artifacts"
    return {"meta.yaml": f"artifact_location: {place}\nmodel_id: {MODEL_ID}\nstatus: {status}\n"}


TRACKING = {
    # As MLflow 1.30, 2.22 and 3.1 wrote them with a file store, but for files that say nothing of models.
    "1.x": ({f"0/{RUN}/artifacts/model": MODEL | PLAIN, f"0/{RUN}": ran("file:///gone")}, ""),
    "2.x": (
        {
            f"0/{RUN}/artifacts/model": MODEL | PLAIN,
            f"0/{RUN}": ran("file:///gone"),
            "models/churn": {"meta.yaml": "name: churn\n"},
        },
        f"0/{RUN}/artifacts/model",
    ),
    "3.x": (
        {
            f"0/models/{MODEL_ID}/artifacts": MODEL | PLAIN,
            f"0/models/{MODEL_ID}": logged("file:///gone"),
            f"0/{RUN}": {"meta.yaml": f"run_id: {RUN}\n"},
            f"0/{RUN}/outputs/{MODEL_ID}": {"meta.yaml": "source_type: RUN_OUTPUT\n"},
            "models/churn": {"meta.yaml": "name: churn\n"},
        },
        f"0/models/{MODEL_ID}/artifacts",
    ),
}


def pointer(location: str, *, stage: str = "None", source: str = "models:/m-1") -> dict[str, str]:
    text = (
        f"current_stage: {stage}\nname: churn\nsource: {source}\nstorage_location: {location}\nversion: 1\n"
    )
    return {"meta.yaml": text}


@pytest.mark.parametrize("version", TRACKING)
@pytest.mark.parametrize("copied", [False, True])
def test_a_tracking_folder_of_every_mlflow(
    write: Write, tmp_path: Path, version: str, *, copied: bool
) -> None:
    folders, target = TRACKING[version]
    for path, files in folders.items():
        write(f"mlruns/{path}", files)
    if target:
        host = "file:///home/alice/mlruns" if copied else f"file://{tmp_path}/mlruns"
        write("mlruns/models/churn/version-1", pointer(f"{host}/{target}"))
    (model,) = [path for path, files in folders.items() if "MLmodel" in files]
    assert names(tmp_path) == [f"mlruns/{model}"]
    assert names(tmp_path, tmp_path / "mlruns") == [f"mlruns/{model}"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            pointer("file:///srv/elsewhere/0/r/artifacts/model"),
            "in file:///srv/elsewhere/0/r/artifacts/model, ",
        ),
        (pointer("s3://bucket/0/r/artifacts/model"), "in s3://bucket/0/r/artifacts/model, and there is none"),
        (pointer("https://u:s3cret@example.org/0/r/artifacts/m"), "https://****@example.org/0/r/artifacts/m"),
        (pointer("file:///a/../../outside/r/artifacts/model"), "there is none below"),
        (pointer(""), "in models:/m-1, and there is none"),
        (pointer("null", source="''"), "in no place, "),
        (pointer("'http://[::1'"), "there is none below"),
        ({"meta.yaml": "source: !!python/name:os.system x\n"}, "is not known: "),
        ({"meta.yaml": "- a\n"}, "is not known: "),
        ({"meta.yaml": "source: [a]\n"}, "is not known: "),
    ],
)
def test_a_registered_version_that_lies_elsewhere_is_told(
    write: Write, tmp_path: Path, files: dict[str, str], words: str
) -> None:
    write("outside/r/artifacts/model", MODEL)
    write("mlruns/models/churn/version-1", files)
    (told,) = skipped(tmp_path / "mlruns")
    assert told.path == str(tmp_path / "mlruns/models/churn/version-1")
    assert words in told.reason
    assert "s3cret" not in told.reason


def test_a_model_that_a_run_logged_elsewhere_is_told(write: Write, tmp_path: Path) -> None:
    write(f"mlruns/0/{RUN}", ran("s3://bucket", "model", "challenger", "model"))
    write(f"mlruns/0/{RUN}/artifacts/model", MODEL)
    (told,) = skipped(tmp_path / "mlruns")
    assert told.path == str(tmp_path / "mlruns" / "0" / RUN)
    assert f"in s3://bucket/0/{RUN}/artifacts/challenger, and there is none below" in told.reason
    # Its artifacts may have been fetched to another place of the same store.
    write(f"mlruns/fetched/0/{RUN}/artifacts/challenger", MODEL)
    write(f"mlruns/fetched/0/{RUN}", ran("s3://bucket", "challenger"))
    assert [item.path for item in skipped(tmp_path / "mlruns")] == [told.path]
    write(f"mlruns/0/{RUN}", {"tags/mlflow.log-model.history": "{"})
    assert "is no list of models" in skipped(tmp_path / "mlruns")[0].reason


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_logged_model_without_its_files_is_told_where_it_was_written(
    write: Write, tmp_path: Path, status: int
) -> None:
    write("mlruns/m", MODEL)
    write(f"mlruns/0/models/{MODEL_ID}", logged("mlflow-artifacts:", status))
    reasons = [item.reason for item in skipped(tmp_path / "mlruns")]
    assert [f"mlflow-artifacts:/0/models/{MODEL_ID}/artifacts" in reason for reason in reasons] == [True] * (
        status == 2
    )


def test_a_deleted_version_points_nowhere(write: Write, tmp_path: Path) -> None:
    write("mlruns/models/churn/version-1", pointer("s3://gone/0/r/artifacts/m", stage="Deleted_Internal"))
    write("mlruns/models/churn/version-2", PLAIN)
    assert names(tmp_path) == ["mlruns/models/churn/version-2"]


def test_a_pointer_is_not_followed_out_of_the_tree(write: Write, tmp_path: Path) -> None:
    outside = write("outside/0/r/artifacts/model", MODEL)
    write("tree/models/churn/version-1", pointer(f"file://{outside}"))
    (tmp_path / "tree" / "0").symlink_to(tmp_path / "outside" / "0")
    reasons = [item.reason for item in skipped(tmp_path / "tree")]
    assert [reason.partition(" ")[0] for reason in reasons] == ["a", "it"]


def test_wrapped_models_count_and_other_files_of_a_model_do_not(write: Write, tmp_path: Path) -> None:
    write("m", MODEL)
    write("m/code", PLAIN)
    write("m/data/model", MODEL)
    write("m/artifacts/a/b", MODEL | PLAIN)
    assert names(tmp_path) == ["m", "m/artifacts/a/b", "m/data/model"]


def test_a_folder_with_environment_files_only_hides_no_other(write: Write, tmp_path: Path) -> None:
    write(".", PLAIN)
    write("docs", PLAIN)
    assert names(tmp_path) == [".", "docs"]


def test_a_model_is_told_by_the_name_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "m" / "MLmodel").mkdir(parents=True)
    assert names(tmp_path) == ["m"]


def test_a_model_is_reported_once(write: Write, tmp_path: Path) -> None:
    model = write("a/m", MODEL)
    assert names(tmp_path, tmp_path / "a", model, tmp_path) == ["a/m"]


def test_folders_of_tools_are_left_out_unless_they_are_named(write: Write, tmp_path: Path) -> None:
    inner = write(".venv/lib/m", MODEL)
    write("m", MODEL)
    assert names(tmp_path) == ["m"]
    assert names(tmp_path, tmp_path / ".venv") == [os.path.relpath(inner, tmp_path)]


def test_excluded_folders_are_left_out(write: Write, tmp_path: Path) -> None:
    write("mlruns/.trash/x", MODEL)
    write("mlruns/m", MODEL)
    assert names(tmp_path, exclude=("*/.trash",)) == ["mlruns/m"]


def test_links_are_not_followed_and_only_those_that_leave_are_told(write: Write, tmp_path: Path) -> None:
    outside = write("outside/m", MODEL)
    write("tree/m", MODEL)
    (tmp_path / "tree" / "latest").symlink_to("m")
    (tmp_path / "tree" / "loop").symlink_to("..")
    (tmp_path / "tree" / "dangling").symlink_to("nowhere")
    (tmp_path / "tree" / "file").symlink_to("m/MLmodel")
    found = list(discover([str(tmp_path / "tree")]))
    assert [item.name for item in found if isinstance(item, Found)] == [str(tmp_path / "tree" / "m")]
    assert [item.path for item in found if isinstance(item, Skipped)] == [str(tmp_path / "tree" / "loop")]
    (tmp_path / "tree" / "loop").unlink()
    (tmp_path / "tree" / "away").symlink_to(outside)
    (told,) = skipped(tmp_path / "tree")
    assert told.path == str(tmp_path / "tree" / "away")
    assert "outside the tree" in told.reason


def test_the_root_itself_may_be_a_link(write: Write, tmp_path: Path) -> None:
    write("real/m", MODEL)
    (tmp_path / "link").symlink_to("real")
    assert names(tmp_path, tmp_path / "link") == ["link/m"]


def test_paths_are_reported_as_they_were_written(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("tree/m", MODEL)
    monkeypatch.chdir(tmp_path)
    for written, told in {
        "tree": "tree/m", "./tree/": "tree/m", ".": "tree/m", str(tmp_path): f"{tmp_path}/tree/m",
        f"file://{tmp_path}/tree": f"{tmp_path}/tree/m",
    }.items():  # fmt: skip
        assert [item.name for item in discover([written]) if isinstance(item, Found)] == [told]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing", "there is nothing of that name"),
        ("empty", "no model is at or below it"),
        ("runs:/1/model", "mlflow artifacts download"),
        ("a\0b", "there is nothing of that name"),
    ],
)
def test_a_path_without_a_model_is_told(
    path: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    (told,) = skipped(path)
    assert words in told.reason


def test_what_is_too_deep_or_too_large_is_told(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("/".join("d" * 70), MODEL)
    assert ["deeper than 64 folders" in item.reason for item in skipped(tmp_path)] == [True]
    monkeypatch.setattr(discovery, "ENTRIES", 1)
    write(".", PLAIN)
    assert "more than 1 entries" in skipped(tmp_path)[0].reason


def test_a_name_that_is_no_text_is_shown_as_text(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    (found,) = discover([str(tmp_path)])
    assert isinstance(found, Found)
    assert found.name == f"{tmp_path}/\\xff\\xfe"
