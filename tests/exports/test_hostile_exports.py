"""An export that is not what it says: each is refused by a code, and nothing of it is kept."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError
from envbuilder.exports.contents import unpack_export
from envbuilder.exports.lockform import export_lock
from envbuilder.exports.manifest import LOCK, NAME, Manifest
from envbuilder.exports.restoring import restore_export
from envbuilder.settings import Settings
from envbuilder.store.fields import Unreadable
from tests.builder.wheelsmith import make_wheel
from tests.exports.conftest import Hold

WHEEL = "wheels/plain-1.0-py3-none-any.whl"

Members = dict[str, bytes | tarfile.TarInfo]


@pytest.fixture
def honest(unbuilt: Hold, shop: Path, tmp_path: Path) -> Path:
    return export_lock(unbuilt(make_wheel(shop, "plain")), tmp_path / "honest").path


def members_of(archive: Path) -> Members:
    with tarfile.open(archive) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened}  # type: ignore[union-attr]


def written(members: Members, place: Path) -> Path:
    with tarfile.open(place, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return place


def link(name: str, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


def manifest(members: Members) -> Any:
    content = members[NAME]
    assert isinstance(content, bytes)
    return json.loads(content)


def told(members: Members, /, **values: Any) -> Members:
    return members | {NAME: json.dumps(manifest(members) | values).encode()}


def remarked(members: Members) -> Members:
    """Mend the manifest for the members that are there, as an attacker would."""
    marks = [
        {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
        if name != NAME and isinstance(content, bytes)
    ]
    return told(members, members=marks)


def text(members: Members, name: str) -> str:
    content = members[name]
    assert isinstance(content, bytes)
    return content.decode()


def changed(members: Members) -> Members:
    content = members[WHEEL]
    assert isinstance(content, bytes)
    return members | {WHEEL: content[:40] + bytes([content[40] ^ 1]) + content[41:]}


def relocked(members: Members, before: str, after: str) -> Members:
    lock = text(members, LOCK)
    assert before in lock
    return remarked(members | {LOCK: lock.replace(before, after).encode()})


CASES: dict[str, tuple[str, Callable[[Members], Members]]] = {
    "a changed wheel": ("export/changed", changed),
    "a changed wheel and a mended manifest": ("export/changed", lambda m: remarked(changed(m))),
    "a changed lock": ("export/changed", lambda m: m | {LOCK: text(m, LOCK).encode() + b"# more\n"}),
    "another lock": ("export/changed", lambda m: relocked(m, 'platform = "', 'platform = "x')),
    "a member more": ("export/extra-member", lambda m: m | {"wheels/more.whl": b"x"}),
    "a member more, listed": ("export/changed", lambda m: remarked(m | {"wheels/more.whl": b"x"})),
    "a link": ("export/extra-member", lambda m: m | {"link": link("link", "pylock.toml")}),
    "a link to outside": ("archive/link", lambda m: m | {"link": link("link", "/etc/passwd")}),
    "a path to outside": ("archive/path-escape", lambda m: m | {"../outside": b"x"}),
    "an absolute path": ("archive/path-escape", lambda m: m | {"/tmp/outside": b"x"}),
    "a member less": ("export/missing-member", lambda m: {k: v for k, v in m.items() if k != WHEEL}),
    "no lock": ("export/malformed", lambda m: remarked({k: v for k, v in m.items() if k != LOCK})),
    "a lock that is none": ("export/malformed", lambda m: remarked(m | {LOCK: b"packages = 1"})),
    "a manifest that is none": ("export/malformed", lambda m: m | {NAME: b"[]"}),
    "a newer manifest": ("export/malformed", lambda m: told(m, schema=99)),
    "a hash that is none": (
        "export/malformed",
        lambda m: told(m, members=[{"path": LOCK, "size": 1, "sha256": "../x"}]),
    ),
    "a member listed twice": (
        "export/malformed",
        lambda m: told(m, members=2 * manifest(m)["members"]),
    ),
    "a wheel under another name": (
        "export/malformed",
        lambda m: relocked(
            {k.replace("plain-1.0", "other-1.0"): v for k, v in m.items()},
            "plain-1.0-py3",
            "other-1.0-py3",
        ),
    ),
    "a wheel with a path for a name": (
        "export/malformed",
        lambda m: relocked(m, "plain-1.0-py3-none-any.whl", "../../plain-1.0-py3-none-any.whl"),
    ),
    "an engine that is none": ("export/malformed", lambda m: relocked(m, 'engine = "uv"', 'engine = "sh"')),
    "modules that are none": ("export/malformed", lambda m: relocked(m, "imports = []", 'imports = ["-c"]')),
    "a build that the lock has not": (
        "export/malformed",
        lambda m: told(
            m,
            built=[
                {
                    "name": "x", "version": "1", "source": "x-1.tar.gz", "source_sha256": "0" * 64,
                    "wheel": "x-1-py3-none-any.whl", "sha256": "0" * 64,
                }
            ],
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused(honest: Path, tmp_path: Path, elsewhere: Settings, case: str) -> None:
    code, change = CASES[case]
    archive = written(change(members_of(honest)), tmp_path / "export.tar")
    with pytest.raises(EnvbuilderError) as caught:
        restore_export(archive, settings=elsewhere)
    assert caught.value.code == code, str(caught.value)
    assert list(elsewhere.home.glob("pkgs/v1/files/*")) == []
    assert list(elsewhere.home.glob("envs/v1/*")) == []
    assert not Path("/tmp/outside").exists()
    assert not (tmp_path / "outside").exists()


def test_the_honest_one_is_taken(honest: Path, tmp_path: Path, elsewhere: Settings) -> None:
    with restore_export(written(members_of(honest), tmp_path / "export"), settings=elsewhere).lease:
        pass


@pytest.mark.parametrize("left", [600, 3000, -1024, -1])
def test_one_that_is_cut_off_is_refused(honest: Path, tmp_path: Path, left: int) -> None:
    cut = tmp_path / "cut"
    content = honest.read_bytes().rstrip(b"\0")
    cut.write_bytes(content[:left])
    with pytest.raises(EnvbuilderError) as caught:
        unpack_export(cut, tmp_path / "folder")
    assert caught.value.code.startswith(("archive/", "export/"))


@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_manifest_does_more_than_be_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        Manifest.parse(content)


def test_a_manifest_is_read_as_it_was_written(honest: Path) -> None:
    content = members_of(honest)[NAME]
    assert isinstance(content, bytes)
    assert Manifest.parse(content).to_json() == content
