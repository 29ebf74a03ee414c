"""What the index offers, as pip saw it: read, dated, and the best of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from envbuilder.lock import Target
from envbuilder.resolver.engine import Candidate, Failure, Lack, Question
from envbuilder.resolver.pip_listing import Offer, candidate, pick, read_listing
from envbuilder.spec import PypiName
from tests.resolver.toy import LINUX, day


def file(filename: str, uploaded: str = "2020-01-01T00:00:00+00:00", **more: Any) -> dict[str, Any]:
    return {
        "filename": filename, "url": f"https://example.org/{filename}", "sha256": "ab" * 32, "python": "",
        "uploaded": uploaded, "yanked": False, **more,
    }  # fmt: skip


def offers(*files: dict[str, Any]) -> tuple[Offer, ...]:
    return read_listing(json.dumps({"np": list(files)}))[PypiName("np")]


def picked(line: str, *files: dict[str, Any], target: Target = LINUX, **more: Any) -> Candidate | Failure:
    question = Question(requirements=(line,), target=target, **more)
    return pick(Requirement(line), offers(*files), question)


def version(answer: Candidate | Failure) -> str:
    assert isinstance(answer, Candidate), answer
    return answer.version


def lack(answer: Candidate | Failure) -> tuple[Lack | None, str, tuple[str, ...]]:
    assert isinstance(answer, Failure), answer
    assert answer.packages == ("np",)
    return answer.lack, answer.python, answer.platforms


OLD, NEW = file("np-1.0-py3-none-any.whl"), file("np-2.0-py3-none-any.whl", "2022-01-01T00:00:00+00:00")


def test_the_newest_that_fits() -> None:
    assert version(picked("np", OLD, NEW)) == "2.0"
    assert version(picked("np<2", OLD, NEW)) == "1.0"
    assert version(picked("np", OLD, NEW, cutoff=day("2021-01-01"))) == "1.0"
    assert version(picked("np", OLD, NEW | {"python": ">=3.9"})) == "1.0"
    assert version(picked("np", OLD, NEW | {"python": "nonsense"})) == "2.0"


def test_yanked_and_prereleases_only_where_named() -> None:
    yanked, early = NEW | {"yanked": True}, file("np-3.0rc1-py3-none-any.whl")
    assert version(picked("np", OLD, yanked, early)) == "1.0"
    assert version(picked("np==2.0", OLD, yanked)) == "2.0"
    assert version(picked("np==3.0rc1", OLD, early)) == "3.0rc1"
    assert version(picked("np", OLD, early, prereleases=True)) == "3.0rc1"


def test_what_is_lacking() -> None:
    assert lack(picked("np")) == (Lack.NAME, "", ())
    assert lack(picked("np==9", OLD)) == (Lack.VERSION, "", ())
    assert lack(picked("np==2.0", NEW | {"python": ">=3.9"})) == (Lack.PYTHON, ">=3.9", ())
    windows = file("np-1.0-cp38-cp38-win_amd64.whl")
    assert lack(picked("np", windows)) == (Lack.PLATFORM, "", ("win_amd64",))
    others = [file(f"np-1.0-cp{n}-cp{n}-manylinux1_x86_64.whl") for n in ("39", "310")]
    assert lack(picked("np", *others)) == (Lack.PYTHON, ">=3.9,<3.11", ())


def test_too_young_is_told_apart() -> None:
    answer = picked("np==2.0", OLD, NEW, cutoff=day("2021-01-01"))
    assert isinstance(answer, Failure)
    assert answer.younger == ("np",)


def test_a_chosen_release_with_its_files() -> None:
    question = Question(requirements=(), target=LINUX, cutoff=day("2021-01-01"))
    late = file("np-1.0-1-py3-none-any.whl", "2023-01-01T00:00:00+00:00")
    found = candidate(PypiName("np"), Version("1.0.0"), offers(OLD, late, NEW), question)
    assert [f.filename for f in found.files] == ["np-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    "filename", ["np-1.0-py2.7.egg", "np.zip", "other-1.0-py3-none-any.whl", "np-1.0.exe"]
)
def test_files_of_no_standard_are_left_out(filename: str) -> None:
    assert offers(file(filename), OLD) == offers(OLD)
