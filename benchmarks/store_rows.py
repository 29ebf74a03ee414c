"""Rows about the store: taking a ready environment, among many, and what ten environments take of the disk."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.contenders import BareUv, emptied
from benchmarks.pairs import Runs, Side
from envbuilder.store.disk import BLOCK, Disk
from envbuilder.store.glance import unescaped
from envbuilder.store.manifest import FOLDER, LISTING
from envbuilder.use.restoration import restore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench

ACQUIRE = """
import sys, time
import envbuilder
import envbuilder.use.session
model, which, options = sys.argv[1], sys.argv[2], dict(pair.split("=") for pair in sys.argv[3:])
acquire = envbuilder.acquire
def once():
    began = time.perf_counter()
    with acquire(model, **options) as env:
        hit = env.restored.hit
    return time.perf_counter() - began, hit
first, *others = [once() for _ in range(1 if which == "first" else 31)]
print(first[0] if which == "first" else sorted(others)[15][0])
"""
"""Everything that a call needs is imported before, as MLflow's is before its calls."""

VARIANTS: tuple[dict[str, str], ...] = (
    {}, {"pandas": "2.0.2"}, {"pandas": "2.0.1"}, {"scipy": "1.11.2"}, {"scikit-learn": "1.3.1"},
    {"cloudpickle": "2.2.1"}, {"packaging": "23.1"}, {"scipy": "1.10.1"}, {"pandas": "2.0.2", "scipy": "1.11.2"},
    {"mlflow": "2.9.1"},
)  # fmt: skip
"""Ten models: what other pins than those of the first one they have."""


def acquired(bench: Bench, *, first: bool, files: bool) -> Side:
    """Return a side that takes a ready environment; with ``files`` one of some 10,000."""
    good, environ = bench.shop if files else bench.small_shop
    which = "first" if first else "later"
    options = ("as_of=now", "python=host")
    command = (sys.executable, "-c", ACQUIRE, str(good.model), which, *options)
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return Side(name="envbuilder", commands=(command,), environ=environ, own_clock=True)


@contextlib.contextmanager
def crowded(home: Path, count: int) -> Iterator[None]:
    """Have ``count`` environments in a store of one while the block runs; the others hold nothing."""
    (manifest,) = home.glob(f"envs/v1/*/{FOLDER}/manifest.json")
    content = manifest.read_bytes()
    made: list[Path] = []
    for number in range(count - 1):
        name = hashlib.sha256(str(number).encode()).hexdigest()[:20]
        prefix, lock, request = (
            home / "envs/v1" / name,
            home / "lk" / f"{name}.use",
            home / "requests/v1" / name,
        )
        (prefix / FOLDER).mkdir(parents=True)
        (prefix / FOLDER / "manifest.json").write_bytes(content)
        lock.touch()
        request.write_bytes(content)
        made += [prefix, lock, request]
    try:
        yield
    finally:
        emptied(*made)


def overlapping(bench: Bench, rounds: int) -> tuple[Runs, ...]:  # noqa: ARG001
    """Build ten environments that share most of their packages, and count bytes."""
    home = bench.folder / "overlap"
    prefixes, uv = [], BareUv(work=bench.work)
    settings = dataclasses.replace(bench.settings, home=home / "store")
    theirs = [uv.cache]
    for number, pins in enumerate(VARIANTS):
        model = variant(bench.model, home / f"model-{number}", pins)
        restored = restore(model, settings=settings)
        restored.lease.close()
        prefixes.append(restored.environment.prefix)
        one = dataclasses.replace(uv, prefix_name=f"overlap-{number}")
        lock = home / "store" / "locks" / "v1" / restored.lock_id[:20] / "pylock.toml"
        for command in one.install(lock):
            subprocess.run(
                command, env=bench.environ | {"UV_CACHE_DIR": str(uv.cache)}, check=True, capture_output=True
            )
        theirs.append(one.prefix)
    return (
        Runs(name="envbuilder", bytes=on_disk(settings.home)),
        Runs(name="union of their files", bytes=union(prefixes)),
        Runs(name="the same, equal files of two wheels twice", bytes=union(prefixes, of_wheels=True)),
        Runs(name="bare uv, no bytecode", bytes=on_disk(*theirs)),
        Runs(name="a copy of each", bytes=sum(on_disk(prefix) for prefix in prefixes)),
    )


def variant(model: Path, target: Path, pins: dict[str, str]) -> Path:
    """Copy a model with other pins in its requirements.txt."""
    shutil.copytree(model, target)
    path = target / "requirements.txt"
    lines = path.read_text().splitlines()
    changed = [
        next((f"{n}=={v}" for n, v in pins.items() if line.startswith(f"{n}==")), line) for line in lines
    ]
    path.write_text("\n".join(changed) + "\n")
    return target


def on_disk(*places: Path) -> int:
    """Return what places take together, each inode once."""
    disk = Disk()
    for place in places:
        disk.measure(place)
    return disk.total


def union(prefixes: list[Path], *, of_wheels: bool = False) -> int:
    """Return what the files of environments take, each content once, or once for each wheel that brings it."""
    blocks: dict[object, int] = {}
    for prefix in prefixes:
        for line in (prefix / FOLDER / LISTING).read_text("utf-8", "surrogateescape").splitlines():
            path, kind, _, _, _, digest = line.split("\t")
            if kind == "f":
                status = (prefix / unescaped(path)).lstat()
                blocks[status.st_ino if of_wheels else digest] = status.st_blocks * BLOCK
    return sum(blocks.values())
