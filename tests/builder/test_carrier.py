"""What is brought to this host is what was named: by its bytes, its name, its version."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.builder.carrier import HostCarrier, carrier_of
from envbuilder.environment import Interpreter
from envbuilder.errors import BuildError, EnvbuilderError, StoreError
from envbuilder.findings import Origin
from envbuilder.lock import Artifact, Kind, ModelFile, ModelTree, Target
from envbuilder.policy import Policy
from envbuilder.reader.trees import Member
from envbuilder.redact import SafeUrl
from envbuilder.references.packing import FILENAME, pack
from envbuilder.resolver.carrying import Direct
from envbuilder.resolver.targets import Place
from envbuilder.settings import Settings
from envbuilder.spec import DirectReference, PypiName, ReferenceKind
from envbuilder.store.store import Store
from tests.builder.conftest import lock_of
from tests.builder.wheelsmith import BACKEND, PYPROJECT, make_sdist, make_wheel


@pytest.fixture
def carrier(store: Store, host: Settings) -> HostCarrier:
    return carrier_of(store, "uv", settings=host, policy=Policy())


@pytest.fixture
def place(running: Interpreter) -> Place:
    target = Target(python=running.version, platform=running.platform, floor=running.floor)
    return Place(target=target, interpreter=running)


def kept(carrier: HostCarrier, artifact: Artifact, path: str = "", **more: object) -> DirectReference:
    """Put an artifact on the shelf and return a reference to it."""
    content = Path(artifact.url.secret.removeprefix("file://")).read_bytes()
    path = path or f"wheels/{artifact.filename}"
    carrier.shelf.keep(path, lambda sink: sink.write(content))
    found = DirectReference(
        name=artifact.name, kind=ReferenceKind.PATH, url=SafeUrl(path), path=path,
        digest=f"sha256:{artifact.sha256}", origin=Origin(file="requirements.txt", line=1),
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def place_of(carrier: HostCarrier) -> Path:
    """A folder for files of the test's own."""
    folder = carrier.settings.user_home / "made"
    folder.mkdir(exist_ok=True)
    return folder


def tree(carrier: HostCarrier, **files: str) -> DirectReference:
    members = [
        Member(path=name.replace("_", "."), executable=False, content=t.encode()) for name, t in files.items()
    ]
    path = carrier.shelf.keep(FILENAME, lambda sink: pack(members, sink.write))
    return DirectReference(
        name=None, kind=ReferenceKind.EDITABLE, url=SafeUrl("tree"), path="tree",
        digest=f"sha256:{path.parent.name}", origin=Origin(file="requirements.txt", line=1),
    )  # fmt: skip


def test_a_wheel(carrier: HostCarrier, place: Place, shop: Path) -> None:
    wheel = make_wheel(shop, "np_x")
    found = carrier.carry(kept(carrier, wheel, extras=("a", "b")), place, None)
    assert found.artifact == replace(
        wheel, url=SafeUrl(""), source=ModelFile(path=f"wheels/{wheel.filename}")
    )
    assert found.line == f"np-x[a,b] @ {found.wheel.as_uri()}#sha256={wheel.sha256}"


def test_a_source_is_built_once_for_an_interpreter(carrier: HostCarrier, place: Place, shop: Path) -> None:
    sdist = make_sdist(shop, "built")
    found = carrier.carry(kept(carrier, sdist), place, None)
    assert (found.artifact.kind, found.artifact.sha256) == (Kind.SDIST, sdist.sha256)
    again = carrier.installable(lock_of(place.interpreter, found.artifact), place.interpreter)  # type: ignore[arg-type]
    (wheel,) = again.artifacts
    assert (wheel.kind, wheel.url.secret, wheel.sha256) == (
        Kind.WHEEL,
        found.wheel.as_uri(),
        found.wheel_sha256,
    )


def test_a_tree_has_the_name_that_its_build_gives(carrier: HostCarrier, place: Place) -> None:
    backend = BACKEND.format(name="named", version="2.0", trap="pass")
    found = carrier.carry(tree(carrier, pyproject_toml=PYPROJECT, backend_py=backend), place, None)
    assert (found.artifact.name, found.artifact.version) == ("named", "2.0")
    assert found.artifact.source == ModelTree(path="tree")


@pytest.mark.parametrize(
    ("filename", "name", "code"),
    [
        ("x-1.0-py3-none-any.whl", "y", "resolve/malformed"),
        ("y-1.0-py3-none-any.whl", "", "archive/name-mismatch"),
        ("x-2.0-py3-none-any.whl", "x", "archive/name-mismatch"),
        ("x.whl", "x", "resolve/malformed"),
        ("x.zip", "x", "resolve/malformed"),
        ("x-1.0.exe.tar", "x", "resolve/malformed"),
    ],
)
def test_another_name_than_its_own(
    filename: str, name: str, code: str, carrier: HostCarrier, place: Place
) -> None:
    reference = kept(
        carrier, make_wheel(place_of(carrier), "x"), f"wheels/{filename}", name=PypiName(name) or None
    )
    with pytest.raises(EnvbuilderError) as caught:
        carrier.carry(reference, place, None)
    assert caught.value.code == code


def test_a_source_archive_of_another_version(carrier: HostCarrier, place: Place, shop: Path) -> None:
    sdist = make_sdist(shop, "built")
    with pytest.raises(EnvbuilderError, match=r"3\.0"):
        carrier.carry(kept(carrier, sdist, "built-3.0.tar.gz"), place, None)


def test_a_damaged_file_of_the_store_is_not_used(carrier: HostCarrier, place: Place, shop: Path) -> None:
    for artifact in (make_wheel(shop, "x"), make_sdist(shop, "built")):
        reference = kept(carrier, artifact)
        path = carrier.shelf.path(artifact.sha256, artifact.filename)
        path.write_bytes(path.read_bytes() + b"\n")
        with pytest.raises(StoreError, match="was damaged"):
            carrier.carry(reference, place, None)
        assert not path.exists()


def test_a_file_that_the_store_has_lost(carrier: HostCarrier, place: Place, shop: Path) -> None:
    wheel = make_wheel(shop, "x")
    found = carrier.carry(kept(carrier, wheel), place, None)
    found.wheel.unlink()
    with pytest.raises(BuildError) as caught:
        carrier.installable(lock_of(place.interpreter, found.artifact), place.interpreter)  # type: ignore[arg-type]
    assert caught.value.code == "build/model-file"


def test_source_wants_an_interpreter(carrier: HostCarrier, place: Place, shop: Path) -> None:
    reference = kept(carrier, make_sdist(shop, "built"))
    with pytest.raises(BuildError, match="no python") as caught:
        Direct(references=(reference,), carrier=carrier).at(replace(place, interpreter=None))
    assert (caught.value.code, caught.value.origin) == ("build/wrong-interpreter", reference.origin)


def test_markers_are_those_of_the_target(carrier: HostCarrier, place: Place, shop: Path) -> None:
    reference = kept(carrier, make_wheel(shop, "x"))
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for marker, holds in {
        f"python_version == '{minor}'": True,
        "python_version < '3'": False,
        "sys_platform == 'win32'": False,
        "implementation_name == 'cpython'": True,
        "platform_python_implementation == 'CPython'": True,
        "extra == 'a'": False,
    }.items():
        direct = Direct(references=(replace(reference, marker=marker),), carrier=carrier)
        assert bool(direct.at(place)) is holds


def test_a_link_that_a_build_leaves_is_not_followed(
    carrier: HostCarrier, place: Place, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    trap = f"import os; os.symlink({str(secret)!r}, os.path.join(folder, 'x-1.0-py3-none-any.whl')); return 'x-1.0-py3-none-any.whl'"
    backend = BACKEND.format(name="x", version="1.0", trap=trap)
    with pytest.raises(EnvbuilderError):
        carrier.carry(tree(carrier, pyproject_toml=PYPROJECT, backend_py=backend), place, None)
    assert b"secret" not in b"".join(
        p.read_bytes() for p in carrier.shelf.path("00", "x").parents[2].rglob("*.whl")
    )


def test_tools_sources_of_a_tree_are_not_obeyed(carrier: HostCarrier, place: Place, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "setup.py").write_text(f"open({str(canary)!r}, 'w')")
    project = (
        "[build-system]\nrequires = ['evil']\nbuild-backend = 'evil'\n[project]\nname = 'x'\nversion = '1'\n"
        f"[tool.uv.sources]\nevil = {{ path = {str(evil)!r} }}\n"
    )
    config = f"index-url = '{tmp_path.as_uri()}'\nfind-links = ['{evil.as_uri()}']\n"
    with pytest.raises(BuildError):
        carrier.carry(tree(carrier, pyproject_toml=project, uv_toml=config), place, None)
    assert not canary.exists()
