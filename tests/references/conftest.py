"""A shelf, a host with git, and repositories of our own, reached through the one seam that tests have."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.references import commits
from envbuilder.references.shelf import Shelf
from envbuilder.settings import Settings

Git = Callable[..., str]
SITE = "https://git.example.org/"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "tmp").mkdir()
    return Shelf(tmp_path / "packages", tmp_path / "tmp")


@pytest.fixture
def host(tmp_path: Path) -> Settings:
    path = tuple(Path(p) for p in os.environ["PATH"].split(os.pathsep) if p)
    return Settings(home=tmp_path / "store", user_home=tmp_path, search_path=path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of repositories that stands for a site of git over https."""
    folder = tmp_path / "site"
    folder.mkdir()
    instead = ((SITE, f"{folder.as_uri()}/"),)
    monkeypatch.setattr(commits, "TRANSPORT", commits.Transport(protocols="file", instead=instead))
    return folder


def make_repository(folder: Path, files: dict[str, str]) -> str:
    """Make a repository with one commit of these files and return the commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    return commit(folder, files)


def commit(folder: Path, files: dict[str, str]) -> str:
    """Add a commit and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=x")
    return git(folder, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """Run git as its own author."""
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
