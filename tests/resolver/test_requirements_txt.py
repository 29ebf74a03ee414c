"""The hashed form: exact pins, one hash each, nothing that decides where packages come from."""

from __future__ import annotations

from envbuilder.lock import Lock
from envbuilder.resolver.requirements_txt import write_requirements
from tests.resolver.toy import LINUX, day, sdist, wheel

LOCK = Lock(
    target=LINUX, artifacts=(wheel("six", "1.16"), sdist("termcolor", "1.1.0")), spec_id="a" * 64, engine="uv",
    as_of=day("2021-06-01"),
)  # fmt: skip


def test_the_whole_text() -> None:
    six, termcolor = LOCK.artifacts
    assert write_requirements(LOCK) == (
        "# python 3.8.18, linux-x86_64 (glibc-2.36)\n"
        f"# spec {'a' * 64}\n"
        f"# lock {LOCK.lock_id}\n"
        "# as of 2021-06-01T00:00:00+00:00\n"
        "six==1.16 \\\n"
        f"    --hash=sha256:{six.sha256}\n"
        "termcolor==1.1.0 \\\n"
        f"    --hash=sha256:{termcolor.sha256}\n"
    )
