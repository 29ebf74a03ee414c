"""``envbuilder licenses`` as a user calls it, against an index on loopback."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import envbuilder
from envbuilder.policy import Licenses, Policy
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from tests.conftest import Cli
from tests.licensing import smith
from tests.webserver import SECRET, Server, serving, write_page

SCHEMAS = Path(__file__).parents[1] / "schemas"

PACKAGES = {
    "app": ["License-Expression: MIT", "Requires-Dist: lib"],
    "lib": ["License-Expression: GPL-3.0-only"],
    "pip": ["License: MIT"],
    "setuptools": ["License: MIT"],
    "wheel": ["License: MIT"],
}

POLICY = '[licenses]\nallow = ["MIT"]\n'
EXCEPTION = '[[licenses.exception]]\npackage = "lib"\nallow = ["GPL-3.0-only"]\nreason = "a tool"\n'


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Server]:
    shop = tmp_path / "shop"
    shop.mkdir()
    with serving(shop) as server:
        for name, lines in PACKAGES.items():
            path = smith.wheel(shop, name, smith.metadata(name, *lines), beside=True)
            write_page(shop, name, [smith.artifact(path, name, server.url)])
        server.guarded = True
        yield server


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "model"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("# what it needs\napp==1.0\n")
    (folder / "python_env.yaml").write_text(f"python: {platform.python_version()}\ndependencies: []\n")
    return folder


@pytest.fixture
def host(index: Server, tmp_path: Path) -> dict[str, str]:
    """The host's variables; the index wants a password, which no output may show."""
    url = f"http://user:{SECRET}@127.0.0.1:{index.server_port}/simple"
    return {
        "UV_DEFAULT_INDEX": url,
        "HOME": str(tmp_path),
        "PYENV_ROOT": str(tmp_path),
        "PATH": str(Path(sys.executable).parent),
    }


def test_the_whole_way(cli: Cli, model: Path, host: dict[str, str]) -> None:
    work = model.parent
    (work / "envbuilder.toml").write_text(POLICY)
    denied = cli("licenses", "model", "--output", "json", "--output", "sarif=out.sarif", "--output", "text=out.txt",
                 cwd=work, **host)  # fmt: skip
    assert denied.returncode == 1, denied.stderr
    found = json.loads(denied.stdout)
    jsonschema.validate(found, json.loads((SCHEMAS / "audit.json").read_text()))
    (finding,) = found["models"][0]["findings"]
    assert (finding["code"], finding["file"], finding["line"]) == ("license/denied", "requirements.txt", 2)
    assert finding["message"].endswith("needed by app==1.0 -> lib")
    (result,) = json.loads((work / "out.sarif").read_text())["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "model/requirements.txt"
    assert location["region"]["startLine"] == 2
    text = (work / "out.txt").read_text()
    assert (
        "error[license/denied] GPL-3.0-only: 1 package\n  lib 1.0\n      model/requirements.txt:2: app==1.0 -> lib"
        in text
    )
    assert all(len(line) <= 80 for line in text.splitlines())
    for output in (denied.stdout, denied.stderr, text, (work / "out.sarif").read_text()):
        assert SECRET not in output

    assert cli("licenses", "model", "--no-fail", cwd=work, **host).returncode == 0
    (work / "envbuilder.toml").write_text(POLICY + EXCEPTION)
    assert cli("licenses", "model", cwd=work, **host).returncode == 0


def test_offline_the_store_answers_and_what_it_lacks_is_no_success(
    cli: Cli, model: Path, host: dict[str, str], index: Server, tmp_path: Path
) -> None:
    never = cli("licenses", "model", "--offline", cwd=model.parent, **host)
    assert never.returncode == 2
    assert "not read" in never.stdout
    assert cli("licenses", "model", cwd=model.parent, **host).returncode == 0
    seen = len(index.seen)
    assert cli("licenses", "model", "--offline", cwd=model.parent, **host).returncode == 0
    (record,) = (
        path
        for path in (tmp_path / "store" / "metadata").rglob("*.json")
        if '"names":["lib"]' in path.read_text()
    )
    record.unlink()
    half = cli("licenses", "model", "--offline", "--output", "json", cwd=model.parent, **host)
    assert half.returncode == 2
    assert [item["path"] for item in json.loads(half.stdout)["skipped"]] == ["lib 1.0"]
    assert json.loads(half.stdout)["complete"] is False
    assert len(index.seen) == seen


def test_without_an_allow_list_it_says_that_nothing_was_judged(
    cli: Cli, model: Path, host: dict[str, str]
) -> None:
    machine = cli("licenses", "model", "--output", "json", cwd=model.parent, **host)
    assert machine.returncode == 0
    assert "licences are listed, not judged" in machine.stderr
    people = cli("licenses", "model", cwd=model.parent, **host)
    assert "licences are listed, not judged" in people.stdout
    assert people.stderr == ""


def test_from_python(model: Path, index: Server, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "store",
        user_home=tmp_path,
        search_path=(Path(sys.executable).parent,),
        index=SafeUrl(f"http://user:{SECRET}@127.0.0.1:{index.server_port}/simple"),
        python_downloads=False,
    )
    report = envbuilder.licenses(model, settings=settings, policy=Policy(licenses=Licenses(allow=("MIT",))))
    assert report.summary.by_code == (("license/denied", 1),)
    assert SECRET not in repr(report)
