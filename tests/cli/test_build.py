"""The main job from the command line, on a real model with real packages."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envbuilder.resolver.pylock import read_pylock
from tests.conftest import MODELS, Cli

MODEL = MODELS / "pyfunc-2.22"
SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "build.json").read_text("utf-8"))

pytestmark = pytest.mark.index


def built(cli: Cli, home: Path, *options: str) -> dict[str, Any]:
    done = cli("build", MODEL, "--python", "host", "--output", "json", *options, home=home)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_the_json_is_the_promised_one_and_the_second_build_is_a_hit(cli: Cli, warm_home: Path) -> None:
    first = built(cli, warm_home)
    second = built(cli, warm_home)
    assert second["hit"] is True
    assert second["seconds"]["install"] == 0
    for key in (
        "spec_id",
        "lock_id",
        "env_id",
        "prefix",
        "python",
        "changes",
        "as_of",
        "fidelity",
        "packages",
    ):
        assert second[key] == first[key]
    assert first["as_of"].startswith("2025-05-15T09:12:4")
    assert Path(first["prefix"]).name == first["env_id"][:20]


def test_run_gives_the_environment_and_the_commands_exit_code(cli: Cli, warm_home: Path) -> None:
    code = "import numpy, sys; print(numpy.__version__, sys.prefix); sys.exit(7)"
    done = cli("run", MODEL, "--python", "host", "--", "python", "-c", code, home=warm_home)
    assert done.returncode == 7, done.stderr
    version, prefix = done.stdout.split()
    assert version == "2.2.5"
    assert "degraded[python/requested]" in done.stderr or built(cli, warm_home)["fidelity"] == "exact"
    quiet = cli("run", MODEL, "--python", "host", "-q", "--", "python", "-c", "", home=warm_home)
    assert quiet.stderr == ""
    assert Path(prefix) == Path(built(cli, warm_home)["prefix"])


def test_text_is_the_prefix_on_one_line(cli: Cli, warm_home: Path) -> None:
    prefix = built(cli, warm_home)["prefix"]
    done = cli("build", MODEL, "--python", "host", home=warm_home)
    assert done.stdout == f"{prefix}\n"
    assert done.stderr.splitlines()[-1].startswith("fidelity: ")
    assert cli("build", MODEL, "--python", "host", "--quiet", home=warm_home).stderr == ""


def test_locks_are_written_in_both_forms_and_uv_reads_them(cli: Cli, warm_home: Path, tmp_path: Path) -> None:
    from uv import find_uv_bin

    pylock, requirements = tmp_path / "pylock.toml", tmp_path / "requirements.txt"
    done = cli(
        "lock",
        MODEL,
        "--python",
        "host",
        "-o",
        pylock,
        "-o",
        requirements,
        "--output",
        "json",
        home=warm_home,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    lock = read_pylock(pylock.read_text("utf-8"))
    assert lock.lock_id == told["lock_id"] == built(cli, warm_home)["lock_id"]
    assert {(a.name, a.version) for a in lock.artifacts} == {
        (p["name"], p["version"]) for p in told["packages"]
    }
    pins = re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", requirements.read_text("utf-8"))
    assert sorted(pins) == sorted((a.name, a.version) for a in lock.artifacts)
    prefix = built(cli, warm_home)["prefix"]
    for file, more in ((pylock, []), (requirements, ["--require-hashes"])):
        # Against the finished environment: everything that the lock names is there, so nothing would change.
        argv = [
            find_uv_bin(),
            "pip",
            "sync",
            "--no-config",
            "--dry-run",
            *more,
            "--python",
            prefix + "/bin/python",
            file,
        ]
        checked = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "Would make no changes" in checked.stderr


def test_the_same_question_gives_the_same_lock_from_the_store(cli: Cli, warm_home: Path) -> None:
    built(cli, warm_home)
    done = cli("lock", MODEL, "--python", "host", "--offline", "--output", "json", home=warm_home)
    assert json.loads(done.stdout)["known"] is True


def test_explain_names_the_place_of_every_wish_and_all_keys(cli: Cli, warm_home: Path) -> None:
    known = built(cli, warm_home)
    told = json.loads(cli("explain", MODEL, "--python", "host", "--output", "json", home=warm_home).stdout)
    assert {name: key["value"] for name, key in told["keys"].items()} == {
        name: known[name] for name in ("spec_id", "lock_id", "env_id")
    }
    assert told["prefix"] == known["prefix"]
    pins = {
        wish["text"]: (wish["file"], wish["line"]) for wish in told["wishes"] if wish["kind"] == "requirement"
    }
    assert pins["numpy==2.2.5"] == ("requirements.txt", 2)
    text = cli("explain", MODEL, "--python", "host", home=warm_home).stdout
    assert re.search(r"requirement numpy==2\.2\.5 +requirements\.txt:2:1\n", text)


def test_the_store_lists_the_environment_with_its_model(cli: Cli, warm_home: Path) -> None:
    known = built(cli, warm_home)
    listed = json.loads(cli("cache", "list", "--output", "json", home=warm_home).stdout)["environments"]
    (mine,) = [item for item in listed if item["env_id"] == known["env_id"]]
    assert str(MODEL) in mine["models"]
    assert mine["packages"] == known["packages"]
    assert known["env_id"][:20] in cli("cache", "list", home=warm_home).stdout


def test_strict_allows_no_substitution(cli: Cli, warm_home: Path) -> None:
    done = cli("lock", MODELS / "seed-sklearn", "--strict", home=warm_home)
    assert done.returncode == 2
    assert "error[policy/strict]" in done.stderr
    assert "defaults" in done.stderr
