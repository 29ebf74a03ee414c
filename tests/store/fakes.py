"""Fake stages for the store: a tiny tree instead of an installation, with the real interpreter behind it."""

from __future__ import annotations

import sys
from pathlib import Path

from envbuilder.digests import digest
from envbuilder.environment import Environment, Interpreter
from envbuilder.lock import Artifact, Kind, Lock, Target
from envbuilder.redact import SafeUrl
from envbuilder.spec import PypiName
from envbuilder.store.flight import Flight
from envbuilder.store.store import Store

ENV_ID = digest("an environment")


def interpreter(path: Path = Path(sys.executable)) -> Interpreter:
    """The interpreter that runs the tests, or any file, not asked for its facts."""
    return Interpreter(
        path=path.absolute(),
        binary=path.resolve(),
        binary_digest=digest("binary"),
        version=".".join(map(str, sys.version_info[:3])),
        implementation="cpython",
        soabi="cpython",
        platform="linux-x86_64",
        floor="glibc-2.17",
    )


def lock() -> Lock:
    """A lock of one package that nobody installs."""
    artifact = Artifact(
        name=PypiName("thing"),
        version="1.0",
        kind=Kind.WHEEL,
        filename="thing-1.0-py3-none-any.whl",
        url=SafeUrl("https://example.org/thing-1.0-py3-none-any.whl"),
        sha256="0" * 64,
    )
    target = Target(python=interpreter().version, platform="linux-x86_64", floor="glibc-2.17")
    return Lock(target=target, artifacts=(artifact,), spec_id=digest("spec"), engine="uv", as_of=None)


def fill(tree: Path, python: Path = Path(sys.executable)) -> None:
    """Put into a tree what an environment has, in small."""
    site = tree / "lib" / "site"
    (site / "thing").mkdir(parents=True)
    (site / "thing" / "__init__.py").write_text("x = 1\n")
    (site / "thing" / "data \t\\.bin").write_bytes(b"\0\1")
    (tree / "bin").mkdir()
    (tree / "bin" / "python").symlink_to(python)
    (tree / "bin" / "tool").write_text("#!/bin/sh\n")
    (tree / "bin" / "tool").chmod(0o755)


def publish(flight: Flight, tree: Path) -> Environment:
    """Publish a filled tree."""
    return flight.publish(tree, lock=lock(), interpreter=interpreter(), imports=("thing",), log="built\n")


def make(store: Store, env_id: str = ENV_ID) -> Environment:
    """Find or make an environment, the way a builder does."""
    found = store.find(env_id)
    if found:
        return found
    with store.flight(env_id) as flight:
        found = store.find(env_id)
        if found:
            return found
        stage = flight.stage()
        fill(stage)
        return publish(flight, stage)
