"""Which MLflow will look: asked of the Python that its command belongs to, or named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from envbuilder.handover.demands import demands, not_honoured
from envbuilder.handover.errors import HandoverError
from envbuilder.handover.release import Release, hosts_release, named_release
from envbuilder.settings import Settings


def settings(home: Path, *folders: Path) -> Settings:
    return Settings.from_environ({"HOME": str(home), "PATH": ":".join(map(str, folders))})


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A real environment in which the metadata of an MLflow lies."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    info = site / "mlflow-2.9.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mlflow\nVersion: 2.9.2\n", "utf-8")
    return folder


SHORT = "#!{python}\nraise SystemExit('not to be run')\n"
LONG = "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n"


@pytest.mark.parametrize("script", [SHORT, LONG])
def test_the_command_on_path_is_asked_through_its_python(script: str, venv: Path, tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "mlflow").write_text(script.format(python=venv / "bin" / "python"), "utf-8")
    found = hosts_release(settings(tmp_path, bin_folder))
    assert (found.version, found.number) == ("2.9.2", (2, 9))
    assert found.python == ".".join(map(str, sys.version_info[:3]))


def test_a_version_is_read_and_one_without_virtualenv_is_refused() -> None:
    assert named_release("3.1.0rc0").number == (3, 1)
    with pytest.raises(HandoverError, match="no version of MLflow"):
        named_release("latest")
    with pytest.raises(HandoverError) as caught:
        named_release("1.25.1")
    assert caught.value.code == "handover/too-old"


def wanted(version: str, number: tuple[int, int], found: Settings) -> list[str]:
    release = Release(version=version, number=number)
    return [finding.code for finding in demands(release, "3.8.18", found)]


def test_what_a_release_wants_of_the_host_is_told(tmp_path: Path) -> None:
    bare = settings(tmp_path)
    assert wanted("1.30.0", (1, 30), bare) == ["handover/needs-pyenv", "handover/needs-virtualenv"]
    assert wanted("3.12.0", (3, 12), bare) == ["handover/needs-pyenv"]
    assert "handover/unknown-release" in wanted("4.0.0", (4, 0), bare)
    (tmp_path / "bin").mkdir()
    for name in ("pyenv", "virtualenv"):
        (tmp_path / "bin" / name).touch()
    equipped = settings(tmp_path, tmp_path / "bin")
    assert wanted("2.9.2", (2, 9), equipped) == ["handover/needs-python"]
    assert wanted("2.18.0", (2, 18), equipped) == []
    python = tmp_path / ".pyenv" / "versions" / "3.8.18" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert wanted("2.9.2", (2, 9), settings(tmp_path, tmp_path / "bin")) == []


def test_what_does_not_look_is_told_by_release() -> None:
    old, new = (not_honoured(Release(version="x", number=number)).message for number in ((2, 12), (2, 17)))
    assert "mlflow models predict" not in old
    assert "mlflow models predict" in new
