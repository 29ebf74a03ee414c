"""Asking one Python what it is: the only place that starts an interpreter to question it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from envbuilder.bounds import MODEST
from envbuilder.environment import Interpreter
from envbuilder.errors import ToolError
from envbuilder.process import neutral_directory, run

SECONDS = 20.0
"""A healthy interpreter answers in 0.02 s; one on a cold network disk may need seconds."""

SCRIPT = """
import json, os, struct, sys, sysconfig
def libc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        return ""
def mac():
    import platform
    return platform.mac_ver()[0]
version = "%d.%d" % sys.version_info[:2]
base = getattr(sys, "_base_executable", None) or sys.executable
if sys.prefix != sys.base_prefix and os.path.realpath(base) == os.path.realpath(sys.executable):
    base = os.path.join(sys.base_prefix, "bin", "python" + version)
get = sysconfig.get_config_var
name = get("INSTSONAME") or ""
folders = [get("LIBDIR"), os.path.join(sys.base_prefix, "lib"), get("PYTHONFRAMEWORKPREFIX")]
shared = [] if name.endswith(".a") or not name else [os.path.join(f, name) for f in folders if f]
json.dump({
    "executable": base,
    "library": next((path for path in shared if os.path.isfile(path)), ""),
    "version": "%d.%d.%d" % sys.version_info[:3],
    "level": sys.version_info[3],
    "implementation": sys.implementation.name,
    "soabi": get("SOABI") or sys.implementation.cache_tag or "",
    "abiflags": getattr(sys, "abiflags", ""),
    "platform": sysconfig.get_platform(),
    "bits": 8 * struct.calcsize("P"),
    "musl": "musl" in (get("HOST_GNU_TYPE") or "") or "musl" in (get("SOABI") or ""),
    "libc": libc(),
    "mac": mac() if sys.platform == "darwin" else "",
    "conda": os.path.isdir(os.path.join(sys.base_prefix, "conda-meta")),
}, sys.stdout)
"""
"""Runs on every Python 3; must import nothing that a broken installation may lack."""


class Unfit(Exception):
    """An executable that is no interpreter we can use; the text says why."""


def probe(path: Path, *, source: str) -> tuple[Interpreter, tuple[Path, ...]]:
    """Return what the executable is, and the files whose change makes the answer stale.

    Raises Unfit if it does not answer, or is nothing that environments can be made with.
    """
    answer = _ask(path)
    binary = Path(answer["executable"]).resolve()
    library = Path(answer["library"]).resolve() if answer["library"] else None
    if answer["level"] != "final":
        raise Unfit(f"{answer['version']} is a pre-release")
    if set(answer["abiflags"]) & {"t", "d"}:
        raise Unfit(f"{answer['version']} is a free-threaded or debug build")
    if answer["implementation"] != "cpython":
        raise Unfit(f"{answer['implementation']} is not CPython")
    if not binary.is_file():
        raise Unfit(f"the interpreter it belongs to is gone: {binary}")
    files = (binary, library) if library else (binary,)
    interpreter = Interpreter(
        path=binary,
        binary=binary,
        binary_digest=_digest(files),
        version=answer["version"],
        implementation=answer["implementation"],
        soabi=answer["soabi"],
        platform=platform_of(answer["platform"], answer["bits"]),
        floor=_floor(answer),
        source="conda" if answer["conda"] else source,
    )
    return interpreter, files


def _ask(path: Path) -> dict[str, Any]:
    with neutral_directory() as directory:
        try:
            done = run(
                [str(path), "-I", "-S", "-c", SCRIPT],
                directory=directory,
                variables={},
                seconds=SECONDS,
                bounds=MODEST,
            )
        except ToolError as error:
            raise Unfit(error.message) from None
    if not done.ok:
        raise Unfit(f"exit code {done.returncode}: {done.tail(1)}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Unfit("it does not answer like a Python") from None
    if not isinstance(answer, dict):
        raise Unfit("it does not answer like a Python")
    return answer


def platform_of(text: str, bits: int) -> str:
    """Return our name of a ``sysconfig`` platform: ``macosx-14.0-arm64`` is ``macos-arm64``."""
    system, _, rest = text.partition("-")
    machine = rest.rpartition("-")[2]
    if system == "macosx":
        return f"macos-{machine}"
    # A 32-bit Python on a 64-bit kernel names the kernel's machine.
    narrow = {"x86_64": "i686", "aarch64": "armv7l"} if bits == 32 else {}
    return f"{system}-{narrow.get(machine, machine)}"


def _floor(answer: dict[str, Any]) -> str:
    if answer["mac"]:
        return "macos-" + ".".join(answer["mac"].split(".")[:2])
    glibc = re.fullmatch(r"glibc (\d+\.\d+).*", answer["libc"])
    if glibc and not answer["musl"]:
        return f"glibc-{glibc.group(1)}"
    if answer["musl"]:
        return f"musl-{_musl_version()}"
    raise Unfit("its C library is neither glibc nor musl")


def _musl_version() -> str:
    """Return musl's version, which only its loader tells, when it is started without arguments."""
    for loader in sorted(Path("/lib").glob("ld-musl-*.so.1")):
        with neutral_directory() as directory:
            done = run([str(loader)], directory=directory, variables={}, seconds=SECONDS, bounds=MODEST)
        version = re.search(r"Version (\d+\.\d+)", done.stderr)
        if version:
            return version.group(1)
    return "1.1"


def _digest(files: tuple[Path, ...]) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                whole.update(chunk)
    return whole.hexdigest()
