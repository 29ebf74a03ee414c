# ruff: noqa: RUF001 - the signs are uv's own
"""The words of uv 0.13 and of pip 9 to 26, as they were seen."""

from __future__ import annotations

import pytest

from envbuilder.builder.failures import Cause, cause_of, failed
from envbuilder.errors import BuildError, StoreError
from envbuilder.process import Finished

SEEN = [
    (Cause.DISK, "error: Failed to install: numpy\n  Caused by: No space left on device (os error 28)"),
    (Cause.DISK, "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded"),
    (Cause.HASH, "  × Failed to download `six==1.16.0`\n  ╰─▶ Hash mismatch for `six==1.16.0`"),
    (Cause.HASH, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."),
    (
        Cause.NETWORK,
        (
            "  × Failed to download `six==1.16.0`\n  ├─▶ Failed to fetch: `https://files.example.org/six.whl`\n"
            "  ╰─▶ tcp connect error: Connection refused (os error 111)"
        ),
    ),
    (
        Cause.NETWORK,
        ("error: Failed to fetch: `https://example.org/x`\n  Caused by: HTTP status server error (503)"),
    ),
    (
        Cause.NETWORK,
        ("pip._vendor.urllib3.exceptions.NewConnectionError: Failed to establish a new connection"),
    ),
    (
        Cause.SOURCE,
        (
            "  × Failed to build `mlflow==0.1`\n  ├─▶ The build backend returned an error\n"
            "  ╰─▶ Call to `build_wheel` failed\n\n      [stderr]\n      socket timed out"
        ),
    ),
    (
        Cause.NETWORK,
        (
            "  × Failed to build `six==1.0`\n  ├─▶ Failed to resolve requirements from `setup.py` build\n"
            "  ╰─▶ Failed to fetch: `https://example.org/simple/setuptools/`: dns error"
        ),
    ),
    (Cause.SOURCE, 'Command "/x/bin/python -u -c ..." failed; ERROR: Failed building wheel for alembic'),
    (Cause.SOURCE, "error: metadata-generation-failed"),
    (
        Cause.LIMIT,
        "  × Failed to build `scipy==1.0`\n      cc1plus: out of memory allocating 65536 bytes after a total of 9 bytes",
    ),
    (Cause.LIMIT, "  × Failed to build `x==1.0`\n      OSError: [Errno 27] File too large"),
    (Cause.TOOL, "error: unexpected argument '--frobnicate' found"),
    (Cause.TOOL, ""),
]


def finished(stderr: str) -> Finished:
    return Finished(argv=("/bin/uv",), returncode=2, stdout="", stderr=stderr, seconds=0.1)


@pytest.mark.parametrize(("cause", "text"), SEEN)
def test_causes_are_read_from_the_words(cause: Cause, text: str) -> None:
    assert cause_of(text) is cause


def test_a_full_disk_is_the_stores_error() -> None:
    error = failed(finished(SEEN[0][1]), "installing the wheels")
    assert isinstance(error, StoreError)
    assert error.code == "store/full"


def test_an_error_has_package_words_and_cure() -> None:
    error = failed(finished(SEEN[7][1]), "building mlflow-0.1.tar.gz")
    assert isinstance(error, BuildError)
    assert error.message == "building mlflow-0.1.tar.gz failed (mlflow): a source distribution does not build"
    assert "socket timed out" in error.detail
    assert error.hint.startswith("install what its build needs")


def test_long_words_are_cut_to_their_end() -> None:
    error = failed(finished("\n".join(f"line {number}" for number in range(1000))), "installing")
    assert error.detail.splitlines()[-1] == "line 999"
    assert len(error.detail.splitlines()) == 30
