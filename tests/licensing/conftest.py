"""A folder on loopback, and what reads metadata from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.licensing.access import Access
from envbuilder.licensing.pages import Pages
from envbuilder.store.layout import Layout, open_layout
from envbuilder.web import SCHEMES, Web
from tests.webserver import Server, serving


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envbuilder.web.PAUSES", (0.0, 0.0))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def server(shop: Path) -> Iterator[Server]:
    with serving(shop) as running:
        yield running


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return open_layout(tmp_path / "store")


@pytest.fixture
def access(layout: Layout) -> Access:
    web = Web(variables={}, schemes=(*SCHEMES, "file"))
    return Access(web=web, layout=layout, pages=Pages(web=web, indexes=()))
