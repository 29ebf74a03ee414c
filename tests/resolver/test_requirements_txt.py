"""The hashed form: exact pins, one hash each, nothing that decides where packages come from."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.lock import Commit, LinkedArchive, Lock, ModelFile, ModelTree
from envbuilder.redact import SafeUrl
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


def test_what_a_model_brings_itself() -> None:
    made = wheel("x", "1.0")
    proof = f" \\\n    --hash=sha256:{made.sha256}\n"
    source = "# pip cannot check the hash of source: leave --require-hashes out\n"
    repository = replace(made, url=SafeUrl("https://me:pw@example.org/x.git"))
    for artifact, text in (
        (replace(made, source=LinkedArchive()), f"x @ {made.url.secret}{proof}"),
        (replace(made, source=ModelFile(path="wheels/x.whl")), f"./wheels/x.whl{proof}"),
        (replace(made, source=ModelTree(path="tree")), f"{source}./tree\n"),
        (
            replace(repository, source=Commit(commit="a" * 40, subdirectory="in")),
            f"{source}x @ git+https://example.org/x.git@{'a' * 40}#subdirectory=in\n",
        ),
    ):
        written = write_requirements(replace(LOCK, artifacts=(artifact,)))
        assert written.partition("00:00\n")[2] == text
