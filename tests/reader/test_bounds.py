"""A model near every cap at once is read in bounded memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from envbuilder.reader import limits
from tests.conftest import ROOT, untraced

MEMORY = 192 * 1024**2
"""Bytes of address space that reading, rewriting and judging any model gets along with; Python is in it."""

SECONDS = 10
"""CPU time for a model of the largest size on a slow machine; an ordinary one takes milliseconds."""

CHILD = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]),) * 2)
import datetime
from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, report_of
from envbuilder.reader.model import examine_model
spec = examine_model(Path(sys.argv[1]))
found = Found(path=sys.argv[1], name="m")
report = report_of(found, spec, Terms(today=datetime.date(2026, 1, 1)))
print(json.dumps([sorted({f.code for f in report.findings if f.refuses}), len(spec.pypi) + len(spec.conda)]))
"""


def _repeated(text: str, size: int, head: str = "") -> str:
    """Return numbered repetitions up to a size in bytes."""
    parts, total, number = [head], len(head), 0
    while total + len(text) + 8 < size:
        parts.append(text.replace("{n}", str(number)))
        total += len(parts[-1])
        number += 1
    return "".join(parts)


MIB = limits.ENVIRONMENT_FILE_BYTES
COMMENTS = _repeated("# {n} a comment that nobody reads\n", MIB)
INCLUDES = {"requirements.txt": "".join(f"-r r{n}.txt\n" for n in range(limits.FILES - 8))} | {
    f"r{n}.txt": COMMENTS for n in range(limits.FILES - 8)
}
HASHES = " ".join(f"--hash=sha256:{n:064x}" for n in range(750))
MARKER = " and ".join(["os_name == 'x'"] * 150)
SIGNATURE = _repeated("  a{n}: 'a scalar of some length, as signatures have'\n", 2 * MIB, "flavors:\n")
CONDA = "dependencies:\n" + "".join(f"- a{n}=1.{n}=py_0\n" for n in range(limits.REQUIREMENTS))
FEW = {"requirements.txt": "a==1\n"}

MODELS: dict[str, tuple[dict[str, str], str, int]] = {
    "includes": (INCLUDES, "", 0),
    "hashes": ({"requirements.txt": _repeated(f"a{{n}}==1 {HASHES}\n", MIB)}, "", 17),
    "requirements": (
        {"requirements.txt": "".join(f"a{n}==1.{n}\n" for n in range(limits.REQUIREMENTS))}, "", limits.REQUIREMENTS,
    ),
    "one package": ({"requirements.txt": "a==1\n" * limits.REQUIREMENTS}, "", 1),
    "one package too often": ({"requirements.txt": "a==1\n" * (limits.REQUIREMENTS + 1)}, "input/too-many", 1),
    "markers": (
        {"requirements.txt": "".join(f"a{n} ; {MARKER}\n" for n in range(300))}, "input/too-many",
        limits.REQUIREMENT_CHARACTERS // (len(MARKER) + 6),
    ),
    "conda": ({"conda.yaml": CONDA}, "", limits.REQUIREMENTS),
    "channels": ({"conda.yaml": _repeated("- c{n}\n", 120_000, "channels:\n") + "dependencies: []\n"}, "", 0),
    "brackets": (
        {"conda.yaml": "dependencies: [" + "a," * 15_000 + "a]\n"}, "input/too-many", limits.REQUIREMENTS,
    ),
    "MLmodel": (FEW | {"MLmodel": SIGNATURE}, "", 1),
    "one long scalar": (FEW | {"MLmodel": "a: " + "x" * (limits.MLMODEL_BYTES - 10)}, "", 1),
    "aliases": (
        {"conda.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n" + _repeated("b{n}: [*a,*a,*a]\n", 200_000)},
        "input/alias-expansion", 0,
    ),
    "all at once": (
        INCLUDES | {"MLmodel": SIGNATURE, "conda.yaml": CONDA}, "input/too-many", limits.REQUIREMENTS - len(INCLUDES) + 1,
    ),
}  # fmt: skip
"""Files, what refuses them, and how many packages were read."""


@pytest.mark.parametrize("name", MODELS)
def test_a_model_near_the_caps(name: str, tmp_path: Path) -> None:
    files, code, packages = MODELS[name]
    for path, text in files.items():
        (tmp_path / path).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(MEMORY), str(SECONDS)],
        cwd=ROOT, env=untraced(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [[code] if code else [], packages]


def test_the_bound_is_one() -> None:
    """A limit that Python did not feel would prove nothing."""
    hungry = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY},) * 2); bytes({MEMORY})"
    done = subprocess.run([sys.executable, "-c", hungry], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
