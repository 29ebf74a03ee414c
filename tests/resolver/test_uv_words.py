"""What uv's words mean, on texts that uv 0.13 wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.resolver.engine import Failure, FailureKind, Lack, Yanked
from envbuilder.resolver.uv_words import read_failure, read_yanked
from envbuilder.spec import PypiName

NO_SOLUTION = "error: No solution found when resolving dependencies\n  cause: "
END = ", we can conclude that your requirements are unsatisfiable.\n"


def test_no_such_version() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because there is no version of numpy==99.1 and you require numpy==99.1{END}"
    )
    assert (failure.kind, failure.packages, failure.lack) == (
        FailureKind.NO_SOLUTION, ("numpy",), Lack.VERSION,
    )  # fmt: skip


def test_no_such_package() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because foo-bar was not found in the package registry and you require foo-bar==1{END}"
    )
    assert (failure.packages, failure.lack) == (("foo-bar",), Lack.NAME)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("401 Unauthorized", FailureKind.NETWORK), ("403 Forbidden", FailureKind.NO_SOLUTION)],
)
def test_an_index_that_wants_a_password(status: str, kind: FailureKind) -> None:
    hint = (
        "An index URL (https://example.org/simple) could not be queried due to a lack of valid authentication"
    )
    words = f"{NO_SOLUTION}Because foo was not found in the package registry and you require foo{END}"
    long = "and so on\n" * 2000
    assert read_failure(f"{words}{long}hint: {hint} credentials ({status})").kind is kind


def test_another_python_by_metadata() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because the current Python version (3.7.16) does not satisfy Python>=3.8 and "
        "numpy==1.24.0 depends on Python>=3.8, we can conclude that numpy==1.24.0 cannot be used.\n"
        f"         And because you require numpy==1.24.0{END}"
    )
    assert (failure.packages, failure.lack, failure.python) == (("numpy",), Lack.PYTHON, ">=3.8")


def test_another_python_by_tags() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because tensorflow==2.4.0 has no wheels with a matching Python ABI tag (e.g., `cp312`) "
        f"and you require tensorflow==2.4.0{END}\n"
        "hint: You require CPython 3.12 (`cp312`), but we only found wheels for `tensorflow` (v2.4.0) with "
        "the following Python ABI tags: `cp36m`, `cp37m`, `cp38`\n"
    )
    assert (failure.packages, failure.lack, failure.python) == (("tensorflow",), Lack.PYTHON, "<3.9,>=3.6")


def test_other_platforms() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because pywin32==300 has no wheels with a matching platform tag (e.g., "
        f"`manylinux_2_36_x86_64`) and you require pywin32==300{END}\n"
        "hint: Wheels are available for `pywin32` (v300) on the following platforms: `win32`, `win_amd64`\n"
    )
    assert (failure.packages, failure.lack, failure.platforms) == (
        ("pywin32",), Lack.PLATFORM, ("win32", "win_amd64"),
    )  # fmt: skip


def test_too_young() -> None:
    failure = read_failure(
        f"{NO_SOLUTION}Because there are no versions of azureml-ai-monitoring and you require "
        f"azureml-ai-monitoring{END}\n"
        "hint: `azureml-ai-monitoring` was filtered by `exclude-newer` to only include packages uploaded "
        "before 2022-01-01T00:00:00Z. The latest version satisfying the requirement is v1.0.0, published at "
        "2024-04-25T08:52:07.011Z. Consider using `exclude-newer-package` to override the cutoff.\n"
    )
    assert (failure.packages, failure.younger) == (("azureml-ai-monitoring",), ("azureml-ai-monitoring",))


def test_a_build_that_fails() -> None:
    failure = read_failure(
        "error: Failed to build `sklearn==0.0.post5`\n  cause: The build backend returned an error\n"
        "  cause: Call to `setuptools.build_meta:__legacy__.get_requires_for_build_wheel` failed\n\n"
        "         [stderr]\n         The 'sklearn' PyPI package is deprecated; require numpy==99\n"
    )
    assert (failure.kind, failure.release) == (FailureKind.BUILD, ("sklearn", "0.0.post5"))
    assert "numpy" not in failure.packages


@pytest.mark.parametrize(
    "text",
    [
        "error: Request failed after 3 retries\n  cause: error sending request for url (https://example.org/x)",
        "error: Failed to fetch: `https://example.org/simple/x/`",
        f"{NO_SOLUTION}Because x was not found in the cache and you require x{END}\nhint: network was disabled.",
    ],
)
def test_the_network(text: str) -> None:
    assert read_failure(text).kind is FailureKind.NETWORK


@given(st.text())
def test_any_text_is_a_failure_that_is_safe_to_show(text: str) -> None:
    failure = read_failure(text)
    assert isinstance(failure, Failure)
    assert "\x1b" not in failure.text


def test_releases_that_were_taken_back() -> None:
    text = (
        "Resolved 3 packages in 345ms\n"
        'warning: `Set.up_tools==69.3.0` is yanked (reason: "read \x1b[2Jthis")\n'
        "warning: `thing==1.0` is yanked\n"
        "warning: something else about `other==2.0`\n"
    )
    assert read_yanked(text) == (
        Yanked(name=PypiName("set-up-tools"), version="69.3.0", reason="read \\x1b[2Jthis"),
        Yanked(name=PypiName("thing"), version="1.0"),
    )
    assert read_yanked("") == ()
