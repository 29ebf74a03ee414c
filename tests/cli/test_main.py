"""Exit codes, streams and messages of the whole program, on input that cannot work."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envbuilder.cli.main import COMMANDS
from tests.conftest import MODELS, ROOT, Cli

PLAIN = "python: 3.11\ndependencies:\n- -r requirements.txt\n"


def model(folder: Path, requirements: str | bytes = "six==1.16.0\n", **files: str) -> Path:
    path = folder / "model"
    path.mkdir()
    content = requirements.encode() if isinstance(requirements, str) else requirements
    (path / "requirements.txt").write_bytes(content)
    for name, text in {"python_env.yaml": PLAIN, **files}.items():
        (path / name).write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert done.returncode == 0
    assert "Usage: envbuilder " + command in done.stdout


def test_the_version_is_the_distributions() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "envbuilder", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == "envbuilder 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build"], "missing argument 'MODEL'"),
        (["biuld", "x"], "did you mean build?"),
        (["build", "x", "--offlin"], "did you mean --offline"),
        (["build", "x", "--engine", "poetry"], "invalid value for '--engine': 'poetry' is not one of"),
        (["build", "x", "--python", "../evil"], "'../evil' is no version of Python"),
        (["build", "x", "--as-of", "soon"], "'soon' is no date to resolve as of"),
        (["build", "x", "--policy", "missing.toml"], "missing.toml cannot be read"),
        (["run", "x"], "no command to run"),
        (["build", "runs:/1/model", "--offline"], "the store has no files of runs:/1/model"),
        (["lock", "x", "-o", "lock.json"], "no lock has that name"),
        (["codes", "chanel/restricted"], "did you mean channel/restricted?"),
        (["rewrite", "x", "--in-place", "--output-dir", "y"], "exclude each other"),
    ],
)
def test_bad_usage_ends_with_2_and_a_cure(cli: Cli, arguments: list[str], words: str) -> None:
    done = cli(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
    first, *others = done.stderr.splitlines()
    assert re.match(r"error\[[a-z]+/[a-z-]+\](?: \S+:)?: ", first)
    assert any(line.startswith("  hint: ") for line in others)


def test_a_machine_reads_bad_usage_as_one_object(cli: Cli) -> None:
    done = cli("build", "--output", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage/invalid"


@pytest.mark.parametrize("command", ["build", "lock", "rewrite", "explain"])
def test_no_model_at_all(cli: Cli, tmp_path: Path, command: str) -> None:
    for path in (tmp_path / "missing", tmp_path):
        done = cli(command, path)
        assert done.returncode == 2
        assert done.stderr.startswith("error[input/")
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["build", "lock", "rewrite", "explain"])
def test_refused_input_names_every_spot_and_makes_no_environment(
    cli: Cli, tmp_path: Path, command: str
) -> None:
    path = model(tmp_path, "-r ../../x\nnumpy==1.0\nnumpy==2.0\n")
    done = cli(command, path)
    assert done.returncode == 2
    assert "error[input/path-escape] requirements.txt:1:" in done.stderr
    assert "error[input/conflicting-requirement] requirements.txt:3:" in done.stderr
    assert done.stdout == ""
    assert not list((tmp_path / "store").glob("envs/v1/*"))


def test_a_machine_reads_the_refusal_as_one_object(cli: Cli, tmp_path: Path) -> None:
    done = cli("build", model(tmp_path, "numpy==1.0 # a\x1b[2J\n"), "--output", "json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2
    assert error["code"] == "input/control-character"
    assert (error["file"], error["line"]) == ("requirements.txt", 1)
    assert [finding["code"] for finding in error["findings"]] == ["input/control-character"]
    assert "\x1b" not in done.stderr


def test_broken_yaml_is_one_clear_error(cli: Cli, tmp_path: Path) -> None:
    done = cli("build", model(tmp_path, **{"conda.yaml": "channels: [a\n"}))
    assert done.returncode == 2
    assert "error[input/yaml-syntax] conda.yaml:2:" in done.stderr


def test_an_unknown_python_names_what_was_looked_at(cli: Cli, tmp_path: Path) -> None:
    path = model(tmp_path, **{"python_env.yaml": "python: 3.77.1\n"})
    done = cli("build", path, UV_PYTHON_DOWNLOADS="never")
    assert done.returncode == 2
    assert "error[python/not-found]" in done.stderr
    assert "3.77" in done.stderr
    assert "hint: " in done.stderr


def test_no_network_is_told_as_such(cli: Cli, tmp_path: Path) -> None:
    # Nothing listens on port 9 of this host.
    done = cli("build", model(tmp_path), "--as-of", "now", UV_DEFAULT_INDEX="http://127.0.0.1:9/simple")
    assert done.returncode == 2
    assert done.stderr.startswith("error[resolve/network]")
    assert "hint: " in done.stderr


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL"])
def test_credentials_of_the_index_are_in_no_message_and_no_file(
    cli: Cli, tmp_path: Path, variable: str
) -> None:
    url = "http://alice:hunter2@127.0.0.1:9/simple"
    done = cli("build", model(tmp_path), "--as-of", "now", **{variable: url})
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr
    assert "alice" not in done.stdout + done.stderr
    written = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"hunter2" in path.read_bytes()]


def test_a_store_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("build", model(tmp_path), home=tmp_path / "file" / "store")
    assert done.returncode == 2
    assert done.stderr.startswith("error[store/")
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_no_colour_unless_it_is_wanted(cli: Cli, tmp_path: Path) -> None:
    assert "\x1b[" not in cli("build", tmp_path).stderr
    assert "\x1b[" in cli("build", tmp_path, FORCE_COLOR="1").stderr
    assert "\x1b[" not in cli("build", tmp_path, FORCE_COLOR="1", NO_COLOR="1").stderr


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted; the store is as it was"),
        (signal.SIGTERM, 143, "ended by SIGTERM; the store is as it was"),
        (signal.SIGHUP, 129, "ended by SIGHUP; the store is as it was"),
    ],
)
def test_a_signal_ends_the_tools_and_leaves_no_traceback(
    tmp_path: Path, number: signal.Signals, code: int, words: str
) -> None:
    # An index that accepts and never answers: a socket that nobody reads from.
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        environ = {
            **os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(tmp_path / "store"),
            "UV_DEFAULT_INDEX": index,
        }  # fmt: skip
        argv = [sys.executable, "-m", "envbuilder", "lock", str(model(tmp_path)), "--as-of", "now"]
        child = subprocess.Popen(
            argv, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            # Whoever runs the tests by nohup has them ignore it, and so would the child.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - no thread here
        )  # fmt: skip
        silent.settimeout(60)
        connection, _ = silent.accept()
        time.sleep(0.2)
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
        # The resolver's end of the connection closes with it.
        connection.settimeout(30)
        while connection.recv(4096):
            pass
        connection.close()
    assert child.returncode == code
    assert err.strip() == words


def test_the_reader_of_the_output_may_go_away(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-m", "envbuilder", "codes"], env=environ,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert child.stdout
    child.stdout.close()
    assert child.stderr
    with child.stderr:
        assert child.stderr.read() == ""
    assert child.wait(timeout=60) == 2


def test_a_terminal_that_knows_few_characters_gets_their_numbers(cli: Cli, tmp_path: Path) -> None:
    path = model(
        tmp_path, **{"conda.yaml": "channels: [conda-forge]\ndependencies: [python=3.11]\n# \u6a21\n"}
    )
    done = cli("rewrite", path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "# \\u6a21" in done.stdout


def test_a_folder_that_is_gone_is_no_reason_to_fail(cli: Cli, tmp_path: Path) -> None:
    path, folder = model(tmp_path), tmp_path / "gone"
    folder.mkdir()
    program = f"import os, sys; os.rmdir({str(folder)!r}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    done = subprocess.run([sys.executable, "-c", program, "-m", "envbuilder", "rewrite", str(path)], cwd=folder,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_codes_tells_meaning_and_cure(cli: Cli) -> None:
    done = cli("codes", "channel/restricted")
    assert done.returncode == 0
    assert "meaning: " in done.stdout
    assert "cure: " in done.stdout


def test_init_writes_a_policy_once(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", cwd=tmp_path).stdout == f"{tmp_path / 'envbuilder.toml'}\n"
    again = cli("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert cli("init", "--force", cwd=tmp_path).returncode == 0


def test_the_store_tells_where_it_is_and_that_it_is_empty(cli: Cli, tmp_path: Path) -> None:
    home = tmp_path / "store"
    assert cli("cache", "dir", home=home).stdout == f"{home}\n"
    assert json.loads(cli("cache", "list", "--output", "json", home=home).stdout) == {
        "schema": 1,
        "environments": [],
    }
    assert cli("cache", "info", home=home).stdout == f"{home}\n0 environments, 0 in use, 0 B\n"


def test_rewrite_shows_a_diff_and_touches_nothing_unless_told(cli: Cli, tmp_path: Path) -> None:
    source = (MODELS / "seed-sklearn" / "conda.yaml").read_bytes()
    path = tmp_path / "model"
    path.mkdir()
    (path / "conda.yaml").write_bytes(source)
    shown = cli("rewrite", path)
    assert shown.returncode == 0
    assert "-- defaults\n+- conda-forge\n+- nodefaults\n" in shown.stdout
    assert (path / "conda.yaml").read_bytes() == source
    cli("rewrite", path, "--output-dir", tmp_path / "out")
    written = (tmp_path / "out" / "conda.yaml").read_bytes()
    assert (path / "conda.yaml").read_bytes() == source
    cli("rewrite", path, "--in-place")
    assert (path / "conda.yaml").read_bytes() == written
    again = cli("rewrite", path)
    assert again.stdout == ""
    assert "fidelity: exact" in again.stderr


def test_output_dir_gets_the_whole_set_of_files(cli: Cli, tmp_path: Path) -> None:
    path = model(tmp_path, **{"conda.yaml": "channels: [defaults]\ndependencies: [python=3.11]\n"})
    done = cli("rewrite", path, "--output-dir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    written = {file.name: file.read_text("utf-8") for file in (tmp_path / "out").iterdir()}
    assert written.keys() == {"conda.yaml", "requirements.txt", "python_env.yaml"}
    assert written["requirements.txt"] == (path / "requirements.txt").read_text("utf-8")
    assert "conda-forge" in written["conda.yaml"]
    again = cli("rewrite", tmp_path / "out")
    assert again.stdout == ""


def test_in_place_touches_only_what_changes_and_keeps_the_mode(cli: Cli, tmp_path: Path) -> None:
    path = model(tmp_path, **{"conda.yaml": "channels: [defaults]\ndependencies: [python=3.11]\n"})
    (path / "conda.yaml").chmod(0o640)
    before = (path / "requirements.txt").stat().st_mtime_ns
    done = cli("rewrite", path, "--in-place")
    assert done.stderr.startswith(f"wrote {path / 'conda.yaml'}\n")
    assert (path / "conda.yaml").stat().st_mode & 0o777 == 0o640
    assert (path / "requirements.txt").stat().st_mtime_ns == before
    assert sorted(file.name for file in path.iterdir()) == [
        "conda.yaml",
        "python_env.yaml",
        "requirements.txt",
    ]


def test_a_diff_shows_no_secret(cli: Cli, tmp_path: Path) -> None:
    channels = "channels:\n- defaults\n- https://conda.example.org/t/tk-123/main\n- https://u:hunter2@conda.example.org/x\n"
    path = model(tmp_path, **{"conda.yaml": f"{channels}dependencies:\n- python=3.11\n"})
    done = cli("rewrite", path, "--output-dir", tmp_path / "out")
    assert "+- conda-forge" in done.stdout
    for secret in ("tk-123", "hunter2"):
        assert secret not in done.stdout + done.stderr
        assert secret in (tmp_path / "out" / "conda.yaml").read_text("utf-8")
    assert "conda.yaml: credentials are masked in the diff" in done.stderr


def test_a_place_that_cannot_be_written_is_told_in_lower_case(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder" / "envbuilder.toml").mkdir(parents=True)
    done = cli("init", "--force", cwd=tmp_path / "folder")
    assert done.returncode == 2
    assert "envbuilder.toml cannot be written here: is a directory" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full"])
def test_output_that_cannot_be_written_is_one_error(redirection: str, tmp_path: Path) -> None:
    words = ["codes"] if redirection.startswith(">") else ["lock", str(tmp_path)]
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "envbuilder", *words],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert not redirection.startswith(">") or done.stderr.startswith("error[usage/output]: ")
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_gone_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-e ../x\n")
    gone = tmp_path / "gone"
    done = subprocess.run(
        ["/bin/sh", "-c", f'mkdir {gone}; cd {gone}; rmdir {gone}; exec "$@"', "sh", sys.executable, "-m",
         "envbuilder", "build", str(tmp_path)],
        check=False, capture_output=True, text=True, env={**os.environ, "ENVBUILDER_HOME": str(tmp_path / "store")},
    )  # fmt: skip
    assert (done.returncode, "error[input/path-escape]" in done.stderr) == (2, True), done.stderr
