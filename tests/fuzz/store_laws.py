"""What must hold for files that we wrote and others damaged, and for files of the host's owner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from envbuilder.auditor.baseline import read_baseline
from envbuilder.conda.condalock import read_conda_lock
from envbuilder.errors import EnvbuilderError, ToolError
from envbuilder.hostindex import configured_index
from envbuilder.lock import Lock
from envbuilder.policyfile import find_policy, read_policy
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.resolver.pip_listing import read_listing
from envbuilder.resolver.pylock import read_pylock, write_pylock
from envbuilder.resolver.requirements_txt import write_requirements
from envbuilder.resolver.uv import read_candidates
from envbuilder.store import failures, pins
from envbuilder.store.layout import FOLDERS, Layout
from envbuilder.store.manifest import FOLDER, NAME, Manifest, read_manifest
from envbuilder.store.records import Records
from tests.fuzz.judging import bounded, hold, told

KEY = "0" * 64


def lock(content: bytes, folder: Path) -> None:
    """A lock that is read is written, and read as the same; its requirements are requirements."""
    try:
        with bounded("reading a lock"):
            found = read_pylock(content.decode("utf-8", "replace"))
    except EnvbuilderError as error:
        told(error)
        return
    text = write_pylock(found)
    hold(read_pylock(text) == _stripped(found), "a lock", found)
    hold(write_pylock(read_pylock(text)) == text, "a lock's text", text)
    if any(item.source for item in found.artifacts):
        return  # a reference that only a policy lets through
    (folder / "requirements.txt").write_text(write_requirements(found), "utf-8")
    spec = read_model(folder)
    pinned = {(item.name, item.pinned) for item in spec.pypi}
    hold(pinned == {(item.name, item.version) for item in found.artifacts}, "a lock's requirements", pinned)


def conda_lock(content: bytes, _: Path) -> None:
    """A lock of conda packages that is read says of every package what its file says, and is the same again."""
    try:
        with bounded("reading a conda lock"):
            found = read_conda_lock(content.decode("utf-8", "replace"))
    except EnvbuilderError as error:
        told(error)
        return
    for package in found.conda:
        place = f"{package.channel}/{package.subdir}"
        hold(package.url.secret.rpartition("/")[0] == place, "a conda package's place", package)
    hold(found.lock_id == _stripped(found).lock_id, "a conda lock's key", found)


def _stripped(found: Lock) -> Lock:
    """A lock as it is written: without what is secret in its URLs."""
    artifacts = (replace(item, url=SafeUrl(item.url.stripped)) for item in found.artifacts)
    return replace(found, artifacts=tuple(artifacts))


def records(content: bytes, folder: Path) -> None:
    """A record of the store is what we wrote, or absent."""
    layout = Layout(folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    name = f"{KEY[:20]}.json"
    for path in (layout.pins / name, layout.record("requests", name), folder / "failed" / name):
        path.write_bytes(content)
    kept = Records(layout)
    for record in (*kept.requests(), kept.find_request(KEY)):
        if record:
            kept.save_request(KEY, record)
            hold(kept.find_request(KEY) == record, "a request", record)
    error = failures.recall(layout, KEY)
    if error:
        told(error)
    pins.pinned(layout)
    _manifest(content, folder)


def _manifest(content: bytes, folder: Path) -> None:
    (folder / FOLDER).mkdir()
    (folder / FOLDER / NAME).write_bytes(content)
    found = read_manifest(folder)
    if found:
        hold(Manifest.parse(found.to_json()) == found, "a manifest", found)


def baseline(content: bytes, folder: Path) -> None:
    """A baseline is read or refused."""
    (folder / "baseline.json").write_bytes(content)
    try:
        with bounded("reading a baseline"):
            read_baseline(folder / "baseline.json")
    except EnvbuilderError as error:
        told(error)


def policy(content: bytes, folder: Path) -> None:
    """A policy is read or refused, as a file of its own and inside a pyproject.toml."""
    for name in ("envbuilder.toml", "pyproject.toml"):
        (folder / name).write_bytes(content)
        try:
            with bounded("reading a policy"):
                found = read_policy(folder / name)
            hold(found.digest and found.resolution_key, "a policy", found)
            hold(read_policy(folder / name) == found, "a policy read twice", found)
        except EnvbuilderError as error:
            told(error)
    (folder / "envbuilder.toml").unlink()
    try:
        find_policy(folder)
    except EnvbuilderError as error:
        told(error)


def host_index(content: bytes, folder: Path) -> None:
    """A configuration of another tool names an index, or none."""
    for name in ("uv/uv.toml", "pip/pip.conf"):
        path = folder / ".config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found = configured_index({}, folder, system=folder / "etc")
        hold(found is None or found, "an index", found)


def tool_files(content: bytes, folder: Path) -> None:
    """What an engine writes is understood, or the engine is told to be at fault."""
    text = content.decode("utf-8", "replace")
    try:
        with bounded("reading what uv wrote"):
            read_candidates(text)
    except EnvbuilderError as error:
        told(error)
    try:
        read_listing(text)
    except (ValueError, KeyError, TypeError):
        told(ToolError("pip's answer cannot be read"))
