"""Every named point of the store is one at which a test kills."""

from __future__ import annotations

import re

from envbuilder.store import faults
from tests.conftest import ROOT

KILLED_ELSEWHERE = {"placed", "record"}
"""In tests/store/test_store.py and tests/use/test_kills.py."""


def test_the_lists_of_points_are_whole() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "envbuilder").rglob("*.py")]
    reached = {name for text in sources for name in re.findall(r'\breach\("([a-z]+)"\)', text)}
    # ``start`` and ``publish`` are phases of the work, told by their progress.
    assert reached == {*faults.PUBLISHING, *faults.COLLECTING, *KILLED_ELSEWHERE} - {"start", "publish"}
