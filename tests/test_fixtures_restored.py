"""Every fixture's environment comes back from its files alone and predicts what it predicted, bit for bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from fixtures.check import check
from fixtures.make import HERE, read_recipes

pytestmark = pytest.mark.index


@pytest.mark.parametrize("name", read_recipes())
def test_a_fixture_predicts_the_same(name: str, warm_home: Path) -> None:
    settings = dataclasses.replace(Settings.from_environ(), home=warm_home)
    restored = restore(HERE / "models" / name, settings=settings)
    with restored.lease:
        assert check(name, restored.environment.python) == []
