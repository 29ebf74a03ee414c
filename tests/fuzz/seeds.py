"""Writes the inputs that a run starts from: ours, and those of ../shared where it is."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from envbuilder.archives.inspection import Form
from tests.fuzz.package_laws import FORMS
from tests.fuzz.samples import CONDA, METADATA, MLMODEL, OWN, PYTHON_ENV, REQUIREMENTS, WHEEL

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
LARGEST = 64 * 1024
"""Bytes of a seed: larger ones are made of small ones by the kind ``A``."""

_KINDS = {"MLmodel": "m", "conda.yaml": "c", "requirements.txt": "r", "python_env.yaml": "p"}
_PIECES = {"MLmodel": 0, "conda.yaml": 1, "requirements.txt": 2, "python_env.yaml": 3, "constraints.txt": 4}

AMPLIFIED: tuple[tuple[str, int, str, str, str], ...] = (
    ("r", 255, "", "a{n}==1\n", ""), ("r", 255, "", "a[b{n}]==1\n", ""), ("r", 255, "a", "(", ""),
    ("r", 255, "a==1 ; ", "(", ""), ("r", 255, "", "-r a{n}.txt\n", ""), ("r", 255, "a>=1", ",!={n}", ""),
    ("r", 255, "a ", "--hash=sha256:{n} ", ""), ("r", 255, "a @ https://", "u:", "@example.org"),
    ("c", 255, "dependencies:\n", "- a{n}=1.{n}=b\n", ""), ("c", 255, "channels:\n", "- defaults\n", ""),
    ("c", 255, "dependencies: ", "[", ""), ("c", 60, "a: &a0 [x]\n", "b{n}: &b{n} [*a0,*a0]\n", ""),
    ("c", 255, "dependencies:\n- pip:\n", "  - a==1+{n}\n", ""), ("m", 255, "flavors:\n", "  a{n}: {{b: c}}\n", ""),
    ("u", 200, "https\x1fme\x1f", ":a", "\x1f"), ("e", 255, "", "`|", ""), ("h", 255, "https://", "a/t/", "main"),
    ("k", 255, "a", "[b='", ""), ("k", 255, "a 1", "|1.{n}", ""), ("w", 255, "", "a==1 depends on b, ", ""),
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Yield every seed."""
    for kind, text in OWN:
        yield (kind + text).encode()
    yield from amplified()
    yield from archives()
    texts = {"MLmodel": MLMODEL, "conda.yaml": CONDA, "requirements.txt": REQUIREMENTS}
    yield together({name: text.encode() for name, text in (texts | {"python_env.yaml": PYTHON_ENV}).items()})
    yield from _corpus()
    yield from _hostile()


def amplified() -> Iterator[bytes]:
    """Yield the inputs that are made long."""
    for kind, times, prefix, unit, suffix in AMPLIFIED:
        parts = (part.encode() for part in (prefix, unit.replace("{{", "{").replace("}}", "}"), suffix))
        yield b"A" + kind.encode() + bytes([times]) + b"\xff".join(parts)


def archives() -> Iterator[bytes]:
    """Yield a small archive of each form."""
    files = {
        "a/__init__.py": b"", "a-1.0.dist-info/METADATA": METADATA.encode(), "a-1.0.dist-info/WHEEL": WHEEL,
        "a-1.0.dist-info/RECORD": b"a/__init__.py,,\n",
    }  # fmt: skip
    for number, form in enumerate(FORMS):
        packed = io.BytesIO()
        if form in {Form.WHEEL, Form.ZIP, Form.CONDA}:
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
                for name, content in files.items():
                    zipped.writestr(name, content)
        elif form is not Form.TAR_ZST:
            _pack(packed, form, files)
        yield b"z" + bytes([number]) + packed.getvalue()


def _pack(packed: io.BytesIO, form: Form, files: dict[str, bytes]) -> None:
    mode = {Form.TAR_BZ2: "w:bz2", Form.TAR_XZ: "w:xz", Form.TAR: "w:"}.get(form, "w:gz")
    with tarfile.open(fileobj=packed, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(f"a-1.0/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("a-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "a/__init__.py"
        tar.addfile(link)


def together(files: dict[str, bytes]) -> bytes:
    """Return the files of one model as one input."""
    pieces = (bytes([_PIECES[name]]) + content for name, content in files.items() if name in _PIECES)
    return b"d" + b"\xff".join(pieces)


def _corpus() -> Iterator[bytes]:
    """The real models and files: each file alone, and the files of a model together."""
    for folder in sorted((SHARED / "corpus").glob("*/*")):
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        for name, content in files.items():
            kind = _KINDS.get(name, "c" if name.endswith((".yml", ".yaml")) else "r")
            if not name.endswith(".json"):
                yield kind.encode() + content
        yield together(files)


def _hostile() -> Iterator[bytes]:
    path = SHARED / "hostile" / "cases.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else []
    for case in cases:
        kind = _KINDS.get(case.get("file", ""), "r").encode()
        if "b64" in case:
            yield kind + base64.b64decode(case["b64"])
        elif "content" in case:
            yield kind + case["content"].encode()
        elif "repeat" in case:
            ends = (case.get("prefix", ""), case["repeat"], case.get("suffix", ""))
            yield b"A" + kind + b"\xff" + b"\xff".join(end.encode() for end in ends)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    kept = [seed for seed in seeds() if len(seed) <= LARGEST]
    for seed in kept:
        (target / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    print(f"{len(kept)} seeds in {target}")
