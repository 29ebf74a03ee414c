"""A package index of our own on the loopback, with small wheels that were made on the spot, and models of them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
import zipfile
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = 40
"""Modules of a wheel: enough that a half-removed environment is seen as one."""

SEEDS = (("pip", "24.0"), ("setuptools", "69.5.1"), ("wheel", "0.43.0"))
"""What every environment has; empty ones, since nothing is built here."""

CHECK = """
import hashlib, importlib, pathlib, sys, time
name, digest, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
def look():
    package = importlib.import_module(name)
    folder = pathlib.Path(package.__file__).parent
    if pathlib.Path(sys.prefix) not in folder.parents:
        sys.exit("not in its own environment")
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        whole.update(path.name.encode() + path.read_bytes())
    if whole.hexdigest() != digest:
        sys.exit("the files are not those of the wheel")
    if not (pathlib.Path(sys.prefix) / ".envbuilder" / "manifest.json").exists():
        sys.exit("there is no manifest")
look()
time.sleep(pause)
for number in range(MODULES):
    importlib.import_module("%s.part%d" % (name, number))
look()
""".replace("MODULES", str(MODULES))
"""Runs in an environment: fails if it is unfinished, changed, or goes away meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Good:
    """One wheel of the shop and a model that needs it."""

    name: str
    digest: str
    """What CHECK compares the installed files with."""
    model: Path


def stock(folder: Path, count: int, *, modules: int = MODULES) -> tuple[Good, ...]:
    """Make ``count`` wheels of so many modules, with an index page each, and a model for each of them."""
    for name, version in SEEDS:
        _wheel(folder / "simple" / name, name, version, {f"{name}/__init__.py": ""})
    goods = []
    for number in range(count):
        name = f"shopthing{number}"
        files = {f"{name}/part{i}.py": f"VALUE = {number * 1000 + i}\n" * 40 for i in range(modules)}
        files[f"{name}/__init__.py"] = f"NAME = {name!r}\n"
        _wheel(folder / "simple" / name, name, "1.0", files)
        model = folder / "models" / name
        model.mkdir(parents=True)
        (model / "requirements.txt").write_text(f"{name}==1.0\n")
        goods.append(Good(name=name, digest=_digest(files), model=model))
    return tuple(goods)


def _digest(modules: dict[str, str]) -> str:
    whole = hashlib.sha256()
    for path in sorted(modules):
        whole.update(path.rpartition("/")[2].encode() + modules[path].encode())
    return whole.hexdigest()


def _wheel(folder: Path, name: str, version: str, modules: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    info = f"{name}-{version}.dist-info"
    contents = modules | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_urlsafe(text)},{len(text)}" for path, text in contents.items()]
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "index.html").write_text(
        f'<!DOCTYPE html><html><body><a href="{file.name}#sha256={digest}">{file.name}</a></body></html>\n'
    )


def _urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing of customers who were killed."""


@contextlib.contextmanager
def open_shop(folder: Path) -> Iterator[str]:
    """Serve ``folder`` on the loopback while the block runs; yields the URL of the index."""
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
