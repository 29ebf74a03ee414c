"""Models that bring packages of their own, from lock to environment, with an index on loopback that has the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError, PolicyError
from envbuilder.lock import Commit, Lock, ModelFile, ModelTree
from envbuilder.policy import Builds, Policy, Sources
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.redact import SafeUrl
from envbuilder.references import commits
from envbuilder.request import Request, read_as_of
from envbuilder.resolver.pylock import read_pylock, write_pylock
from envbuilder.resolver.requirements_txt import write_requirements
from envbuilder.settings import PASSED_ON, Settings
from envbuilder.store.store import Store
from envbuilder.use.locking import lock_model
from envbuilder.use.restoration import Restored, restore
from tests.builder.wheelsmith import BACKEND, PYPROJECT, make_sdist, make_wheel, repack_pip
from tests.references.conftest import SITE, make_repository
from tests.webserver import Server, serving, write_page

OPEN = Policy(sources=Sources(url="allow", vcs="allow", local="allow", editable="allow"))
PYTHON = ".".join(map(str, sys.version_info[:3]))
NAME = "brought"

Restore = Callable[..., Restored]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An index with setuptools, wheel, a pip of no use and a real one; and with what the models bring."""
    folder = tmp_path_factory.mktemp("index")
    for name in ("setuptools", "wheel", NAME):
        write_page(folder, name, [make_wheel(folder, name)])
    write_page(folder, "pip", [make_wheel(folder, "pip"), repack_pip(folder)])
    with serving(folder) as server:
        yield server


@pytest.fixture
def host(tmp_path: Path, index: Server) -> Settings:
    index.seen.clear()
    path = tuple(
        Path(p) for p in (str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)) if p
    )
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return Settings(
        home=tmp_path / "store", user_home=tmp_path, search_path=path, index=SafeUrl(f"{index.url}/simple/"),
        tool_variables=tuple((variables | {"NO_PROXY": "127.0.0.1"}).items()), python_downloads=False,
    )  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "wheels").mkdir(parents=True)
    (folder / "python_env.yaml").write_text(
        f"python: {PYTHON}\nbuild_dependencies:\n- pip==1.0\ndependencies:\n- -r requirements.txt\n"
    )
    return folder


@pytest.fixture
def restored(model: Path, host: Settings) -> Iterator[Restore]:
    leases = []

    def begin(line: str, *, policy: Policy = OPEN, at: Path = model, **more: object) -> Restored:
        (at / "requirements.txt").write_text(f"{line}\n")
        asked = replace(Request(as_of="now"), **more)  # type: ignore[arg-type]
        found = restore(at, request=asked, settings=host, policy=policy)
        leases.append(found.lease)
        return found

    yield begin
    for lease in leases:
        lease.close()


def write_tree(folder: Path, *, trap: str = "pass", name: str = NAME) -> None:
    """Write a source tree with a backend of its own; ``trap`` runs in the build."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND.format(name=name, version="1.0", trap=trap))


def says(found: Restored, code: str) -> str:
    argv = [str(found.environment.python), "-c", code]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def lock_of(found: Restored, host: Settings) -> Lock:
    lock = Store.open(host.home).records.load_lock(found.lock_id)
    assert lock is not None
    return lock


def codes(found: Restored) -> set[str]:
    return {change.code for change in found.changes}


@pytest.mark.parametrize("line", ["wheels/{}", "./wheels/{}", f"{NAME} @ file:wheels/{{}}", "file:wheels/{}"])
def test_a_wheel_inside_the_model(
    line: str, model: Path, restored: Restore, host: Settings, index: Server
) -> None:
    wheel = make_wheel(model / "wheels", NAME, files={f"{NAME}.py": "WHOSE = 'the model'"})
    found = restored(line.format(wheel.filename))
    assert says(found, f"import {NAME}; print({NAME}.WHOSE)") == "the model"
    lock = lock_of(found, host)
    artifact = next(a for a in lock.artifacts if a.name == NAME)
    assert (artifact.sha256, artifact.source) == (wheel.sha256, ModelFile(path=f"wheels/{wheel.filename}"))
    assert read_pylock(write_pylock(lock)) == lock
    for text in (write_pylock(lock), write_requirements(lock)):
        assert f"wheels/{wheel.filename}" in text
        assert str(host.home) not in text
        assert str(model) not in text
    assert f"/simple/{NAME}/" not in {path for path, _ in index.seen}
    assert restored(line.format(wheel.filename)).hit


def test_a_model_as_mlflow_logs_its_libraries(model: Path, restored: Restore) -> None:
    mlflow = {"mlflow/__init__.py": "", "mlflow/pyfunc.py": ""}
    wheels = [make_wheel(model / "wheels", "one"), make_wheel(model / "wheels", "mlflow", files=mlflow)]
    names = [wheel.filename for wheel in wheels]
    (model / "MLmodel").write_text(
        "flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n"
        "    loader_module: own\nwheels:\n  platform: Linux\n"
    )
    listed = "".join(f"  - wheels/{name}\n" for name in reversed(names))
    (model / "conda.yaml").write_text(
        f"channels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\n- pip:\n{listed}"
    )
    found = restored("\n".join([f"wheels/{names[0]}", f"./wheels/{names[1]}", f"wheels/{names[0]}"]))
    assert says(found, "import one, mlflow.pyfunc; print('yes')") == "yes"


def test_other_bytes_are_another_environment(model: Path, restored: Restore, tmp_path: Path) -> None:
    def brought(at: Path, whose: str) -> Restored:
        wheel = make_wheel(at / "wheels", NAME, files={f"{NAME}.py": f"WHOSE = {whose!r}"})
        return restored(f"wheels/{wheel.filename}", at=at)

    first = brought(model, "one")
    twin = Path(shutil.copytree(model, tmp_path / "twin"))
    same = restored((model / "requirements.txt").read_text().strip(), at=twin)
    other = brought(twin, "two")
    of_index = restored(f"{NAME}==1.0")
    assert first.environment == same.environment
    assert len({r.environment.env_id for r in (first, other, of_index)}) == 3
    assert says(other, f"import {NAME}; print({NAME}.WHOSE)") == "two"
    assert says(of_index, f"import {NAME}; print({NAME}.VERSION)") == "1.0"


@pytest.mark.parametrize("line", ["./tree", f"{NAME} @ file:tree", "-e ./tree", "-e tree"])
def test_a_source_tree_inside_the_model(line: str, model: Path, restored: Restore, host: Settings) -> None:
    write_tree(model / "tree")
    found = restored(line)
    seen = says(found, f"import {NAME}; print({NAME}.__file__, {NAME}.SEEN)")
    assert seen.startswith(str(found.environment.prefix))
    assert str(host.home) not in seen.partition(" ")[2]
    artifact = next(a for a in lock_of(found, host).artifacts if a.name == NAME)
    assert artifact.source == ModelTree(path="tree")
    assert {"build/from-source", "source/editable" if "-e" in line else "source/local-path"} <= codes(found)
    assert restored(line).hit
    (model / "tree" / "new.py").touch()
    changed = restored(line)
    assert (changed.hit, changed.lock_id == found.lock_id) == (False, False)


def test_a_commit(
    model: Path, restored: Restore, host: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "files" / "part")
    texts = {f"part/{p.name}": p.read_text() for p in (tmp_path / "files" / "part").iterdir()}
    commit = make_repository(tmp_path / "site" / "x.git", texts)
    instead = ((SITE, f"{(tmp_path / 'site').as_uri()}/"),)
    monkeypatch.setattr(commits, "TRANSPORT", commits.Transport(protocols="file", instead=instead))
    line = f"{NAME} @ git+{SITE}x.git@{commit}#subdirectory=part"
    found = restored(line)
    assert says(found, f"import {NAME}; print({NAME}.__file__)").startswith(str(found.environment.prefix))
    lock = lock_of(found, host)
    artifact = next(a for a in lock.artifacts if a.name == NAME)
    assert artifact.source == Commit(commit=commit, subdirectory="part")
    assert read_pylock(write_pylock(lock)) == lock
    assert f"{NAME} @ git+{SITE}x.git@{commit}#subdirectory=part" in write_requirements(lock)
    assert restored(line).hit
    assert model.is_dir()


def test_an_archive_by_its_url(restored: Restore, host: Settings, index: Server) -> None:
    sdist = make_sdist(index.folder, "linked")
    found = restored(f"linked @ {index.url}/{sdist.filename}#sha256={sdist.sha256}")
    assert says(found, "import linked; print('yes')") == "yes"
    assert next(a for a in lock_of(found, host).artifacts if a.name == "linked").sha256 == sdist.sha256
    with pytest.raises(EnvbuilderError) as caught:
        restored(f"linked @ {index.url}/{sdist.filename}#sha256={'0' * 64}")
    assert caught.value.code == "build/hash-mismatch"


def test_a_build_that_fails_is_told_with_its_line(model: Path, restored: Restore) -> None:
    write_tree(model / "tree", trap="raise OSError('no luck')")
    with pytest.raises(EnvbuilderError) as caught:
        restored("./tree")
    assert caught.value.code == "build/source-failed"
    assert "no luck" in caught.value.detail
    assert str(caught.value.origin) == "requirements.txt:1:1"


@pytest.mark.parametrize("builds", [Builds(sdist="never"), Builds(sdist=(read_pattern("other"),))])
def test_the_policy_of_builds_counts_before_any_code_runs(
    builds: Builds, model: Path, host: Settings, tmp_path: Path
) -> None:
    write_tree(model / "tree", trap=f"open({str(tmp_path / 'canary')!r}, 'w')")
    for line in ("./tree", f"{NAME} @ file:tree", "-e ./tree", f"x @ git+{SITE}x@{'0' * 40}"):
        (model / "requirements.txt").write_text(f"{line}\n")
        with pytest.raises(PolicyError) as caught:
            lock_model(model, settings=host, policy=replace(OPEN, builds=builds))
        assert caught.value.code == "build/from-source"
    assert not (tmp_path / "canary").exists()
    allowed = replace(OPEN, builds=Builds(sdist=(read_pattern(NAME),)))
    (model / "requirements.txt").write_text(f"{NAME} @ file:tree\n")
    lock_model(model, settings=host, policy=allowed)
    assert (tmp_path / "canary").exists()


def test_what_is_built_beside_files_of_a_model_reaches_no_other_model(
    model: Path, restored: Restore, host: Settings, index: Server
) -> None:
    # Old builds import what they never declared: here what one model brings, and the index has for the other.
    trap = "import helper; os.environ['WHOSE'] = helper.WHOSE"
    write_page(index.folder, "old", [make_sdist(index.folder, "old", trap=trap, metadata="2.2")])
    honest = make_wheel(index.folder, "helper", files={"helper.py": "WHOSE = 'the index'"})
    write_page(index.folder, "helper", [honest])
    carried = make_wheel(model / "wheels", "helper", files={"helper.py": "WHOSE = 'the model'"})
    whose = "import old; print(old.SEEN['WHOSE'])"
    assert says(restored(f"wheels/{carried.filename}\nold==1.0"), whose) == "the model"
    assert not list((host.home / "pkgs" / "v1" / "uv").glob("sdists-v*/**/*.whl"))
    assert says(restored("helper==1.0\nold==1.0"), whose) == "the index"


def test_no_pip_of_a_model_installs_the_others(model: Path, restored: Restore) -> None:
    own = make_wheel(model / "wheels", "pip", "9.9")
    (model / "python_env.yaml").write_text(f"python: {PYTHON}\ndependencies:\n- -r requirements.txt\n")
    with pytest.raises(PolicyError) as caught:
        restored(f"wheels/{own.filename}", engine="pip")
    assert caught.value.code == "source/own-pip"


def test_the_same_without_uv(
    model: Path, restored: Restore, host: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(model / "wheels", "one")
    write_tree(model / "tree", name="two")
    write_tree(tmp_path / "files", name="three")
    commit = make_repository(
        tmp_path / "site" / "x", {p.name: p.read_text() for p in (tmp_path / "files").iterdir()}
    )
    instead = ((SITE, f"{(tmp_path / 'site').as_uri()}/"),)
    monkeypatch.setattr(commits, "TRANSPORT", commits.Transport(protocols="file", instead=instead))
    (model / "python_env.yaml").write_text(f"python: {PYTHON}\ndependencies:\n- -r requirements.txt\n")
    found = restored(f"wheels/{wheel.filename}\n-e ./tree\nthree @ git+{SITE}x@{commit}", engine="pip")
    assert says(found, "import one, two, three; print('yes')") == "yes"
    assert str(host.home) not in says(found, "import two, three; print(two.SEEN, three.SEEN)")
    kinds = [type(artifact.source) for artifact in lock_of(found, host).artifacts if artifact.source]
    assert kinds == [ModelFile, Commit, ModelTree]


@pytest.mark.index
@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_a_tree_whose_build_wants_tools_of_the_index(engine: str, model: Path, tmp_path: Path) -> None:
    (model / "tree").mkdir()
    (model / "tree" / "brought.py").write_text("A = 1\n")
    (model / "tree" / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='brought', version='1.5', py_modules=['brought'], "
        "install_requires=['six==1.16.0'])\n"
    )
    (model / "python_env.yaml").write_text(f"python: {PYTHON}\ndependencies:\n- -r requirements.txt\n")
    (model / "requirements.txt").write_text("-e ./tree\n")
    settings = replace(Settings.from_environ(), home=tmp_path / "store")
    asked = Request(engine=engine, as_of=read_as_of("2024-01-01"))  # type: ignore[arg-type]
    locked = lock_model(model, request=asked, settings=settings, policy=OPEN)
    assert {a.name: a.version for a in locked.lock.artifacts if a.name in {"six", NAME}} == {
        "six": "1.16.0",
        NAME: "1.5",
    }
