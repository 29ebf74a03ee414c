"""Many processes want one environment of a cold store at the same moment: how many builds, how many can use it.

    python benchmarks/single_flight.py --processes 64 --peer-python .venv-mlflow/bin/python

``--peer-python`` names a Python that has mlflow (default: this one, if it has); the same processes then ask
MLflow's own cache (``_get_or_create_virtualenv`` with uv), as a fleet of scoring servers does. Both install
the same wheels from an index on the loopback, each side into a folder of its own, and each process then runs
a program that checks every file of the package. Prints one Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.disk import tree_bytes  # noqa: E402
from benchmarks.shop import CHECK, Good, open_shop, stock  # noqa: E402
from envbuilder.interpreters.managed import uv_binary  # noqa: E402
from envbuilder.settings import Settings, own_environment  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

WAIT = """
import sys, time
from pathlib import Path
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""
"""All begin at once, with everything imported."""

OURS = """
import json, platform, sys
from envbuilder.api.stages import acquire
from envbuilder.use import restoration
import envbuilder.use.locking, envbuilder.builder.building
WAIT
with acquire(sys.argv[2], as_of="now", python=platform.python_version()) as env:
    done = env.run([env.python, "-I", "-c", sys.argv[3], sys.argv[4], sys.argv[5], "0"])
    print(json.dumps([not env.restored.hit, done.returncode]))
"""

PEER = """
import json, logging, subprocess, sys
from mlflow.utils import virtualenv
WAIT
made = []
class Told(logging.Handler):
    def emit(self, record):
        made.append("Creating a new environment" in record.getMessage())
virtualenv._logger.addHandler(Told())
check = sys.argv[3].replace('(pathlib.Path(sys.prefix) / ".envbuilder" / "manifest.json").exists()', "True")
try:
    command = virtualenv._get_or_create_virtualenv(sys.argv[2], env_manager="uv", capture_output=True)
    python = str(command).split()[-1].rstrip("'])").replace("/activate", "/python")
    code = subprocess.run([python, "-I", "-c", check, sys.argv[4], sys.argv[5], "0"]).returncode
except Exception:
    code = 1
print(json.dumps([any(made), code]))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One side: builds that were begun, processes that could use the environment, seconds until the last one."""

    side: str
    processes: int
    builds: int
    usable: int
    seconds: float
    bytes: int

    def row(self) -> str:
        """Return a line of the table."""
        return (
            f"| {self.side} | {self.processes} | {self.builds} | {self.usable} | {self.seconds:.1f}"
            f" | {self.bytes / 1e6:.1f} |"
        )


HEAD = (
    "| | processes | builds | usable | seconds to the last | MB on disk |\n"
    "|---|---:|---:|---:|---:|---:|"
)  # fmt: skip


def as_model(good: Good) -> None:
    """Add the files that MLflow wants to see."""
    (good.model / "MLmodel").write_text("flavors: {}\nutc_time_created: '2024-01-02 03:04:05.000000'\n")
    (good.model / "python_env.yaml").write_text(
        f"python: {platform.python_version()}\nbuild_dependencies: []\ndependencies:\n- -r requirements.txt\n"
    )


def race(
    side: str, python: Path, code: str, *, folder: Path, good: Good, processes: int, environ: dict[str, str]
) -> Result:
    """Start all processes, let them go, and count."""
    go = folder / "go"
    argv = [
        str(python),
        "-c",
        code.replace("WAIT", WAIT),
        str(go),
        str(good.model),
        CHECK,
        good.name,
        good.digest,
    ]
    children = [
        subprocess.Popen(
            argv, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(processes)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    began = time.monotonic()
    go.touch()
    answers = [child.communicate()[0].strip().splitlines()[-1:] for child in children]
    seconds = time.monotonic() - began
    told = [json.loads(lines[0]) for lines in answers if lines and lines[0].startswith("[")]
    return Result(
        side=side,
        processes=processes,
        builds=sum(bool(built) for built, _ in told),
        usable=sum(code == 0 for _, code in told),
        seconds=seconds,
        bytes=tree_bytes(folder),
    )


def ours(folder: Path, good: Good, index: str, processes: int) -> Result:
    """Let envbuilder do it."""
    folder.mkdir()
    environ = own_environment() | {
        "ENVBUILDER_HOME": str(folder / "store"), "UV_DEFAULT_INDEX": index, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    python = Path(sys.executable)
    return race("envbuilder", python, OURS, folder=folder, good=good, processes=processes, environ=environ)


def peer(folder: Path, good: Good, index: str, processes: int, python: Path) -> Result:
    """Let MLflow do it, with its environments and uv's cache in a folder of its own."""
    folder.mkdir()
    uv = uv_binary(Settings.from_environ()).parent
    own = own_environment()
    environ = own | {
        "MLFLOW_ENV_ROOT": str(folder / "envs"), "UV_CACHE_DIR": str(folder / "uv"),
        "UV_DEFAULT_INDEX": index, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
        "PATH": f"{uv}{os.pathsep}{own.get('PATH', os.defpath)}",
    }  # fmt: skip
    return race("MLflow", python, PEER, folder=folder, good=good, processes=processes, environ=environ)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--peer-python", type=Path, default=Path(sys.executable))
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="single-flight-"))
    try:
        (good,) = stock(folder, 1)
        as_model(good)
        with open_shop(folder) as index:
            results = [ours(folder / "ours", good, index, asked.processes)]
            python = asked.peer_python.absolute()
            # Alone it has to work, or the table would compare with a peer that is not set up.
            if peer(folder / "alone", good, index, 1, python).usable:
                results.append(peer(folder / "peer", good, index, asked.processes, python))
            else:
                print(f"{python} has no MLflow that works alone: left out", file=sys.stderr)
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    print(HEAD)
    for result in results:
        print(result.row())
    return 0 if (results[0].builds, results[0].usable) == (1, asked.processes) else 1


if __name__ == "__main__":
    sys.exit(main())
