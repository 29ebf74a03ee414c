"""What the README shows is what the program says, and the documents' links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documents import output_of, shown

README = (ROOT / "README.md").read_text("utf-8")

SHOWN = shown(README)


def stable(text: str, home: Path) -> str:
    """Return output without what differs between hosts: folders, keys of environments, patch releases."""
    text = text.replace(str(home), "/home/you/.cache/envbuilder")
    text = re.sub(r"envs/v1/[0-9a-f]{20}", "envs/v1/KEY", text)
    text = re.sub(r"\b(3\.\d+)\.\d+( of the same minor| on linux)", r"\1.N\2", text)
    return re.sub(r"(lock_id|env_id) [0-9a-f]{64}", r"\1 KEY", text)


def test_the_readme_shows_commands() -> None:
    assert len(SHOWN) >= 3


@pytest.mark.index
@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_shown_output_is_real(command: str, output: str, warm_home: Path) -> None:
    assert stable(output_of(command, warm_home), warm_home) == stable(output, warm_home)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert not [target for target in targets if not (ROOT / target.partition("#")[0]).exists()]


def test_the_contributing_page_names_every_package_and_module() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    parts = [path for path in (ROOT / "envbuilder").iterdir() if not path.name.startswith("_")]
    names = [f"{p.name}/" if p.is_dir() else p.stem for p in parts if p.is_dir() or p.suffix == ".py"]
    assert not [name for name in names if f"`{name}`" not in text and f"`{name}.py`" not in text]
