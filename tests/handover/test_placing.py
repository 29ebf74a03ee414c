"""Links are made where nothing stands, and only ours are replaced or removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.handover.errors import HandoverError
from envbuilder.handover.placing import place, placed, take_away
from envbuilder.store.layout import Layout
from envbuilder.store.pins import pinned
from envbuilder.store.store import Store
from tests.conftest import MODELS, Cli


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Store.open(tmp_path / "store").layout


def test_a_link_is_made_once_and_follows_a_newer_environment(layout: Layout, tmp_path: Path) -> None:
    path, one, two = (
        tmp_path / "deep" / "root" / "mlflow-x",
        layout.environments / "1",
        layout.environments / "2",
    )
    one.mkdir()
    assert place(path, one, layout) is True
    assert place(path, one, layout) is False
    one.rmdir()
    assert place(path, two, layout) is True
    assert placed(path, layout) == two
    assert [item.name for item in path.parent.iterdir()] == ["mlflow-x"]
    assert take_away(path, layout) is True
    assert take_away(path, layout) is False


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_we_did_not_make_is_left_alone(kind: str, layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "mlflow-x"
    match kind:
        case "folder":
            path.mkdir()
        case "file":
            path.write_text("x", "utf-8")
        case _:
            path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HandoverError) as caught:
        place(path, layout.environments / "1", layout)
    assert caught.value.code == "handover/occupied"
    with pytest.raises(HandoverError) as caught:
        take_away(path, layout)
    assert caught.value.code == "handover/occupied"
    assert path.is_symlink() or path.exists()


def test_a_root_that_is_no_folder_is_told(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HandoverError) as caught:
        place(tmp_path / "file" / "mlflow-x", layout.environments / "1", layout)
    assert caught.value.code == "handover/not-writable"


@pytest.mark.index
def test_the_command_places_pins_and_takes_back(cli: Cli, warm_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "envs"
    arguments = ("build", "--for-mlflow", MODELS / "pyfunc-2.22", "--mlflow-version", "3.1.0")
    layout = Store.open(warm_home).layout
    done = cli(*arguments, home=warm_home, MLFLOW_ENV_ROOT=str(root))
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path.parent == root
    assert "handover/no-server" in done.stderr
    again = json.loads(cli(*arguments, "--output", "json", home=warm_home, MLFLOW_ENV_ROOT=str(root)).stdout)
    assert (again["hit"], again["mlflow"]["placed"], again["mlflow"]["path"]) == (True, False, str(path))
    assert placed(path, layout) == Path(again["prefix"])
    assert again["env_id"] in pinned(layout)
    undone = cli(*arguments, "--undo", home=warm_home, MLFLOW_ENV_ROOT=str(root))
    assert (undone.returncode, list(root.iterdir())) == (0, [])
    assert again["env_id"] not in pinned(layout)
    path.mkdir()
    refused = cli(*arguments, home=warm_home, MLFLOW_ENV_ROOT=str(root))
    assert refused.returncode == 2
    assert "handover/occupied" in refused.stderr
    assert again["env_id"] not in pinned(layout)
    assert cli("build", MODELS / "pyfunc-2.22", "--undo").returncode == 2
