"""Package code looks for the passwords of an index and of a proxy, while it is locked and while it is built."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from envbuilder.environment import Interpreter
from envbuilder.lock import Artifact, Kind, Target
from envbuilder.policy import Builds, Policy
from envbuilder.redact import SafeUrl
from envbuilder.resolver.engine import Answer, Question, Solution
from envbuilder.resolver.engines import engine_for
from envbuilder.settings import Settings
from tests.builder.conftest import Make
from tests.builder.wheelsmith import make_sdist, make_wheel
from tests.webserver import SECRET, TOKEN, Server, serving, write_page

SPY = """
import base64, json, pathlib
report = {"found": [], "seen": []}
secret = @SECRET@
words = [secret.encode(), base64.b64encode(b"user:" + secret.encode()).rstrip(b"=")]
def look(name, content):
    report["seen"].append(name)
    if any(word in content for word in words):
        report["found"].append(name)
def read(path):
    try:
        look(str(path), pathlib.Path(path).read_bytes())
    except OSError:
        pass
for name, value in os.environ.items():
    look(name, value.encode())
for root in {os.environ["HOME"], os.environ.get("TMPDIR", "."), os.getcwd(), str(pathlib.Path.home())}:
    for place, _, names in os.walk(root):
        for name in names:
            read(os.path.join(place, name))
pid = "self"
while pid not in ("0", "1"):
    for part in ("environ", "cmdline", "limits"):
        read("/proc/%s/%s" % (pid, part))
    pid = pathlib.Path("/proc/%s/stat" % pid).read_text().rpartition(")")[2].split()[1]
pathlib.Path(@REPORT@).write_text(json.dumps(report))
"""


@dataclass(frozen=True, kw_only=True)
class Den:
    """A server with a source distribution that looks around when it is built, and what that one found."""

    server: Server
    spy: Artifact
    report: Path

    def found(self) -> list[str]:
        told = json.loads(self.report.read_text())
        assert len(told["seen"]) > 10
        return list(told["found"])


@pytest.fixture
def den(shop: Path, tmp_path: Path) -> Iterator[Den]:
    report = tmp_path / "report.json"
    # Turned round, so that the trap does not find itself.
    code = SPY.replace("@SECRET@", f"{SECRET[::-1]!r}[::-1]").replace("@REPORT@", repr(str(report)))
    spy = make_sdist(shop, "spy", trap=textwrap.indent(code, "    ").strip())
    write_page(shop, "spy", [spy])
    with serving(shop) as server:
        yield Den(server=server, spy=spy, report=report)


@pytest.fixture(params=["index", "proxy", "both"])
def guarded(request: pytest.FixtureRequest, den: Den, host: Settings) -> Settings:
    """A host whose index wants a password, whose proxy does, or both."""
    server = den.server
    server.guarded = request.param in ("index", "both")
    server.gate = request.param in ("proxy", "both")
    user = f"user:{SECRET}@"
    url = f"http://{user if server.guarded else ''}127.0.0.1:{server.server_port}/simple"
    variables = {name: value for name, value in host.tool_variables if "proxy" not in name.lower()}
    if server.gate:
        variables["http_proxy"] = f"http://{user}127.0.0.1:{server.server_port}"
    return dataclasses.replace(
        host, offline=False, index=SafeUrl(url), tool_variables=tuple(variables.items())
    )


def lock(
    engine: str,
    settings: Settings,
    running: Interpreter,
    folder: Path,
    *names: str,
    builds: Builds | None = None,
) -> Answer:
    policy = Policy(builds=builds or Builds())
    target = Target(python=running.version, platform=running.platform, floor=running.floor)
    question = Question(requirements=names, target=target, interpreter=running)
    made = engine_for(
        "uv" if engine == "uv" else "pip", settings=settings, cache=folder / "cache", policy=policy
    )
    return made.solve(question)


def the_file(answer: Answer) -> Artifact:
    assert isinstance(answer, Solution), answer.text
    ((file,),) = [candidate.files for candidate in answer.candidates]
    return file


def test_nothing_is_found_at_lock(
    engine: str, guarded: Settings, den: Den, running: Interpreter, tmp_path: Path
) -> None:
    file = the_file(lock(engine, guarded, running, tmp_path, "spy"))
    assert set(den.server.proxied) == ({TOKEN} if den.server.gate else set())
    assert den.found() == []
    assert guarded.index is not None
    assert file.url.secret == guarded.index.stripped.removesuffix("simple") + den.spy.filename
    assert (file.sha256, file.kind) == (den.spy.sha256, Kind.SDIST)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []


def test_nothing_is_found_at_build(
    make: Make, guarded: Settings, den: Den, shop: Path, tmp_path: Path
) -> None:
    assert guarded.index is not None
    base = guarded.index.stripped.removesuffix("simple")
    files = [
        dataclasses.replace(a, url=SafeUrl(base + a.filename)) for a in (make_wheel(shop, "plain"), den.spy)
    ]
    built = make(*files, settings=guarded, imports=("plain", "spy"))
    assert den.found() == []
    kept = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []
    text = "".join(path.read_text() for path in built.environment.prefix.rglob("direct_url.json"))
    assert ".invalid" not in text


def test_the_trap_works(den: Den, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(shop / den.spy.filename) as packed:
        packed.extractall(shop, filter="data")
    monkeypatch.setenv("HOME", str(shop))
    monkeypatch.setenv("PLANTED", f"http://user:{SECRET}@example.org")
    code = "import backend; backend.build_wheel('.')"
    subprocess.run([sys.executable, "-c", code], cwd=shop / "spy-1.0", check=True)
    assert "PLANTED" in den.found()
    assert "/proc/self/environ" in den.found()
