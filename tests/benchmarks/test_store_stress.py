"""The stress program at toy size, and that it sees what it is there to see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.shop import CHECK, Good, open_shop, stock
from benchmarks.store_stress import Counts, counted, main, tell

NONE = Counts(
    seconds=1.0, workers=1, requests=0, hits=0, builds=0, kills=0, collections=0, collected=0,
    violations=0, errors=0, damaged=0, leftovers=0,
)  # fmt: skip


def test_a_short_fight_leaves_the_store_as_promised(tmp_path: Path) -> None:
    output = tmp_path / "counts.json"
    arguments = ["--seconds", "6", "--workers", "2", "--environments", "2", "--kill-every", "0.7"]
    assert main([*arguments, "--output", str(output)]) == 0
    counts = json.loads(output.read_text())
    assert counts["kills"] > 0
    assert counts["requests"] == counts["hits"] + counts["builds"] >= 2
    assert (counts["violations"], counts["errors"], counts["leftovers"]) == (0, 0, 0)


def test_the_log_is_counted(tmp_path: Path) -> None:
    for line in ("hit", "done", "built", "collected 2", "collected 0", "error store/full: no\nroom"):
        tell(tmp_path / "log", line)
    (tmp_path / "seen").write_text("there is no manifest\n")
    counts = counted(tmp_path, NONE)
    assert (counts.requests, counts.hits, counts.builds) == (2, 1, 1)
    assert (counts.collections, counts.collected) == (2, 2)
    assert (counts.violations, counts.errors, counts.clean) == (1, 1, False)


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Good, Path]:
    """A virtual environment with the files of one wheel, unpacked by hand."""
    import zipfile

    (good,) = stock(tmp_path / "shop", 1)
    prefix = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    (packages,) = prefix.glob("lib/python*/site-packages")
    (wheel,) = (tmp_path / "shop" / "simple" / good.name).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (prefix / ".envbuilder").mkdir()
    (prefix / ".envbuilder" / "manifest.json").write_text("{}")
    return good, prefix


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (None, ""),
        ("part3.py", "the files are not those of the wheel"),
        ("manifest.json", "there is no manifest"),
        ("__init__.py", "Error"),
    ],
)
def test_the_check_sees_what_is_missing(installed: tuple[Good, Path], harm: str | None, words: str) -> None:
    good, prefix = installed
    if harm:
        (path,) = (p for p in prefix.rglob(harm) if "dist-info" not in str(p))
        path.unlink()
    argv = [str(prefix / "bin" / "python"), "-I", "-c", CHECK, good.name, good.digest, "0"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (harm is None)
    assert words in done.stderr


def test_the_shop_sells(tmp_path: Path) -> None:
    import urllib.request

    (good,) = stock(tmp_path, 1)
    with open_shop(tmp_path) as index, urllib.request.urlopen(f"{index}/{good.name}/") as page:
        assert f"{good.name}-1.0-py3-none-any.whl" in page.read().decode()
