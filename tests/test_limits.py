"""Sizes and ages as people write them."""

from __future__ import annotations

import pytest

from envbuilder.errors import UsageError
from envbuilder.limits import Limits, read_age, read_size
from envbuilder.settings import Settings


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1500", 1500), ("20GB", 20 * 10**9), ("1.5 kB", 1500), ("512MiB", 2**29), ("2 tib", 2**41)],
)
def test_sizes(text: str, size: int) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize(
    ("text", "age"), [("90", None), ("30d", 30 * 86400), ("12h", 43200), ("2w", 1209600)]
)
def test_ages(text: str, age: int | None) -> None:
    if age is None:
        with pytest.raises(UsageError, match="is no age"):
            read_age(text)
    else:
        assert read_age(text) == age


@pytest.mark.parametrize("text", ["", "GB", "-1", "1e3", "1 XB", "one", "1\n\n2", "٣GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_size(text)
    assert caught.value.code == "usage/limit"


def test_one_limits_gaps_are_filled_by_the_others() -> None:
    assert Limits(max_size=1).over(Limits(max_size=2, min_free=3)) == Limits(max_size=1, min_free=3)
    assert Limits(max_size=0)
    assert not Limits()


def test_the_host_may_set_them() -> None:
    environ = {"HOME": "/", "ENVBUILDER_HOME": "/s", "ENVBUILDER_MAX_SIZE": "1GB", "ENVBUILDER_MAX_AGE": "1d"}
    assert Settings.from_environ(environ).limits == Limits(max_size=10**9, max_age=86400)
    with pytest.raises(UsageError):
        Settings.from_environ({**environ, "ENVBUILDER_MIN_FREE": "some"})
