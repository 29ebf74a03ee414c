"""Bytecode: modules compiled once per store, and linked into each environment that has them.

A read-only environment can never write its own. Most environments share most of their modules: what a
module's bytes compile to is kept under their sha256, so only what is new to the store costs time and disk.
Compiled by the base interpreter, which has no packages: no code of any package runs, and what a hostile
RECORD says of its files counts for nothing.

Packages' own tests have none: they are a third of the modules of a usual environment, nobody imports them where a
model runs, and each file more is written once, linked and looked at ever after.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from envbuilder.builder.places import site_folders
from envbuilder.process import neutral_directory, run
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envbuilder.builder.installer import Job
    from envbuilder.store.hashing import Hashes

SECONDS: Final = 3600.0
_CACHE: Final = "__pycache__"
_TESTS: Final = "tests"
CHUNK: Final = 300
"""Modules that one process compiles: about a second."""

SCRIPT: Final = """
import json, py_compile, sys
with open(sys.argv[1]) as stream:
    modules = json.load(stream)
options = {"doraise": True}
if hasattr(py_compile, "PycInvalidationMode"):
    options["invalidation_mode"] = py_compile.PycInvalidationMode.UNCHECKED_HASH
for number, (source, target, name) in enumerate(modules):
    print(number, flush=True)
    try:
        py_compile.compile(source, target, name, **options)
    except Exception:
        pass
"""
"""Runs on every Python from 3.6. It tells which module it is at: some end the compiler itself."""


@dataclass(frozen=True, slots=True)
class _Module:
    source: str
    target: str
    name: str
    """The path below site-packages. Python puts the true path into the code when it loads it."""
    kept: str
    """Where the store keeps the bytecode of these bytes under this name."""
    free: bool
    """Whether nothing can stand at ``target``: its folder was just made."""


def compile_tree(job: Job, hashes: Hashes) -> None:
    """Give every module of the environment, tests left out, its bytecode. Raises StoreError, ToolError.

    Where Python has it (3.7, PEP 552) the bytecode is trusted without a look at the source's time: nobody
    can edit the source, and copies of the environment may have other times. Modules that do not compile
    (templates, another Python's syntax) stay as they are; importing them fails as it always did. ``hashes``
    learns what the sources hash to.
    """
    began = time.monotonic()
    with told(job.packages, "place bytecode"):
        modules = list(_modules(job, hashes))
        new = [module for module in modules if not _placed(module)]
    _compile(job, new)
    failed = sum(not _keep(module) for module in new)
    job.log.note(
        f"bytecode of {len(modules)} modules in {time.monotonic() - began:.1f} s:"
        f" {len(new)} new to the store, {failed} do not compile"
    )


def _modules(job: Job, hashes: Hashes) -> Iterator[_Module]:
    major, minor, _ = job.interpreter.release
    tag = f"{job.interpreter.implementation}-{major}{minor}"
    kept = str(job.packages / "bytecode" / tag)
    for packages in site_folders(job.tree):
        root = str(packages)
        for folder, sources in _folders(root):
            cache, inner = f"{folder}/{_CACHE}", folder[len(root) + 1 :]
            if _TESTS in inner.split("/"):
                # Shipped with a wheel; nobody knows what it was made from.
                shutil.rmtree(cache, ignore_errors=True)
                continue
            free = _made(cache)
            for source in sources:
                name = f"{inner}/{source.name}" if inner else source.name
                key = _key(name, source, tag, hashes)
                target = f"{cache}/{source.name[:-3]}.{tag}.pyc"
                yield _Module(source.path, target, name, f"{kept}/{key[:2]}/{key}.pyc", free)


def _folders(root: str) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield every folder that has modules, with them; a dangling link is none."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        sources = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py") and entry.is_file():
                    sources.append(entry)
                elif entry.name != _CACHE and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        if sources:
            yield folder, sources


def _made(cache: str) -> bool:
    """Make the folder of a folder's bytecode; False if something stands there already."""
    try:
        os.mkdir(cache)  # noqa: PTH102 - hundreds of times
    except FileExistsError:
        return False
    return True


def _key(name: str, source: os.DirEntry[str], tag: str, hashes: Hashes) -> str:
    """Return what the bytecode of a module is kept by: its name and its bytes."""
    status = source.stat()
    key = hashlib.sha256(name.encode("utf-8", "surrogateescape") + b"\0")
    if tag.endswith("-36"):
        # Bytecode of Python 3.6 names its source's time.
        key.update(b"%d\0" % int(status.st_mtime))
    key.update(hashes.of(source.path, status).encode("ascii"))
    return key.hexdigest()


def _placed(module: _Module) -> bool:
    """Link what the store keeps to its place; False if it keeps nothing for it."""
    kept, target = module.kept, module.target
    try:
        if not module.free and os.path.lexists(target):
            os.unlink(target)  # noqa: PTH108 - shipped, as above
        os.link(kept, target)
    except FileNotFoundError:
        return False
    except OSError:
        return _copied(kept, target)
    return True


def _copied(kept: str, target: str) -> bool:
    """Copy where a link is refused: another user's file, or as many links as the file system has."""
    try:
        shutil.copyfile(kept, target)
    except FileNotFoundError:
        return False
    return True


def _keep(module: _Module) -> bool:
    """Keep new bytecode for the next environment; False if there is none. That it cannot be kept is no error."""
    if not os.path.exists(module.target):  # noqa: PTH110
        return False
    try:
        os.makedirs(os.path.dirname(module.kept), exist_ok=True)  # noqa: PTH103, PTH120
        os.link(module.target, module.kept)
    except OSError:
        pass
    return True


def _compile(job: Job, modules: Sequence[_Module]) -> None:
    chunks = [modules[start : start + CHUNK] for start in range(0, len(modules), CHUNK)]
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for chunk in pool.map(lambda chunk: _compile_chunk(job, chunk), chunks):
            done += chunk
            job.progress.advance(done, len(modules))


def _compile_chunk(job: Job, modules: Sequence[_Module]) -> int:
    """Compile some modules; one that ends the compiler is left out and the rest goes on."""
    rest = modules
    while rest:
        with neutral_directory(job.scratch) as directory:
            listing = directory / "modules.json"
            listing.write_text(json.dumps([[m.source, m.target, m.name] for m in rest]))
            argv = [str(job.interpreter.path), "-I", "-S", "-W", "ignore", "-c", SCRIPT, str(listing)]
            finished = run(argv, directory=directory, variables=job.building_variables(), seconds=SECONDS)
        if finished.ok:
            break
        reached = finished.stdout.split()
        rest = rest[int(reached[-1]) + 1 :] if reached else ()
    return len(modules)
