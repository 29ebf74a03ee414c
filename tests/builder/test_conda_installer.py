"""Environments of conda packages, by real archives: built, found, verified, killed, raced for, removed."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.builder.building import Built, build
from envbuilder.builder.places import site_folders
from envbuilder.environment import environment_id
from envbuilder.errors import BuildError, PolicyError
from envbuilder.limits import Limits
from envbuilder.lock import Lock
from envbuilder.policy import Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.store.collect import collect
from envbuilder.store.manifest import FOLDER
from envbuilder.store.packages import remove_conda, using_conda
from envbuilder.store.store import Store
from envbuilder.store.verify import verify
from envbuilder.use.execution import activated
from fixtures.conda_channel import File, Package, index, write
from tests.builder.condasmith import (
    CHANNEL,
    SEEDS,
    conda_lock_of,
    policy_for,
    small_channel,
    smallest_channel,
    stand_in,
)
from tests.builder.wheelsmith import make_wheel
from tests.conftest import ROOT

SCRIPTS = {"shout": "loud:main"}
LOUD = {"loud.py": "import sys, placed\ndef main():\n    print('loud in', sys.prefix, placed.PLACE)\n"}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own


@pytest.fixture(scope="module")
def built(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Built, Lock, Settings]]:
    """An environment with a real Python, whose archives come through a mirror, and a wheel on top."""
    folder = tmp_path_factory.mktemp("conda-built")
    channel = small_channel(base)
    wheel = make_wheel(folder, "loud", files=LOUD, scripts=SCRIPTS)
    lock = conda_lock_of(channel, "placed", "pure", artifacts=(wheel,), imports=("placed", "pure", "loud"))
    settings = Settings(home=folder / "store", user_home=folder, python_downloads=False)
    store = Store.open(settings.home)
    made = build(lock, interpreter=None, store=store, settings=settings, policy=policy_for(channel))
    with made.lease:
        yield made, lock, settings


def run(*argv: str | Path) -> str:
    environ = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        list(map(str, argv)), capture_output=True, text=True, check=True, cwd="/", env=environ
    )
    return done.stdout.strip()


def test_it_works_where_it_stands(built: tuple[Built, Lock, Settings]) -> None:
    prefix = built[0].environment.prefix
    assert not built[0].hit
    assert run(prefix / "bin" / "place") == f"hello from {prefix} {prefix}"
    assert run(prefix / "bin" / "greet-pure") == f"pure in {prefix}"
    assert run(prefix / "bin" / "shout") == f"loud in {prefix} {prefix}"
    assert f"\0data\0{prefix}/share:{prefix}/etc\0".encode() in (prefix / "lib" / "placed.bin").read_bytes()
    assert built[0].environment.packages == 4


def test_no_script_of_a_package_ran_and_each_is_told(built: tuple[Built, Lock, Settings]) -> None:
    prefix = built[0].environment.prefix
    assert {f.code for f in built[0].findings} == {"build/link-script", "build/activate-script"}
    assert not (prefix / "ran").exists()
    shell = f"set -eu; . {prefix}/bin/activate; command -v python; echo $CONDA_PREFIX; deactivate; echo $PATH"
    assert run("sh", "-c", shell).split() == [f"{prefix}/bin/python", str(prefix), "/usr/bin:/bin"]
    assert not (prefix / "ran").exists()
    assert activated(prefix, {"PATH": "/bin", "VIRTUAL_ENV": "/other"}) == {
        "PATH": f"{prefix}/bin:/bin", "CONDA_PREFIX": str(prefix)
    }  # fmt: skip


def test_the_second_time_is_a_hit_without_a_channel(built: tuple[Built, Lock, Settings]) -> None:
    made, lock, settings = built
    offline = dataclasses.replace(settings, offline=True)
    again = build(lock, interpreter=None, store=Store.open(settings.home), settings=offline)
    with again.lease:
        assert again.hit
        assert again.environment == made.environment


def test_none_of_its_files_is_a_second_name_of_one_that_others_use(
    built: tuple[Built, Lock, Settings],
) -> None:
    """What is written through one environment reaches no other by a conda package's file."""
    prefix = built[0].environment.prefix
    shared = {
        path.relative_to(prefix).as_posix()
        for path in prefix.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1
    }
    assert [path for path in shared if not path.endswith(".pyc") and "/loud" not in path] == []
    writable = [
        path
        for path in prefix.rglob("*")
        if FOLDER not in path.parts and not path.is_symlink() and path.stat().st_mode & 0o222
    ]
    assert writable == []
    assert [found.verdict for found in verify(Store.open(built[2].home).layout, deep=True)] == ["whole"]


@pytest.fixture
def smallest(base: Path) -> Path:
    return smallest_channel(base)


@pytest.fixture
def host(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "store", user_home=tmp_path, python_downloads=False)


def make(channel: Path, settings: Settings, lock: Lock | None = None, **more: object) -> Built:
    arguments = {"policy": policy_for(channel), **more}
    found = lock or conda_lock_of(channel, "pure")
    store = Store.open(settings.home)
    return build(found, interpreter=None, store=store, settings=settings, **arguments)  # type: ignore[arg-type]


def test_a_byte_that_changed_behind_its_time_is_found_and_the_next_one_is_whole(
    smallest: Path, host: Settings
) -> None:
    first = make(smallest, host)
    first.lease.close()
    (module,) = first.environment.prefix.rglob("site-packages/pure.py")
    before = module.stat()
    content = module.read_bytes()
    module.chmod(0o644)
    module.write_bytes(b"#" + content[1:])
    module.chmod(0o444)
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    store = Store.open(host.home)
    (found,) = verify(store.layout, deep=True)
    assert [damage.path for damage in found.damage] == [
        module.relative_to(first.environment.prefix).as_posix()
    ]
    second = make(smallest, host)
    with second.lease:
        assert not second.hit
        (module,) = second.environment.prefix.rglob("site-packages/pure.py")
        assert module.read_bytes() == content


def test_a_collection_takes_it_and_its_archives_unless_somebody_installs(
    smallest: Path, host: Settings
) -> None:
    make(smallest, host).lease.close()
    layout = Store.open(host.home).layout
    archives = list((layout.conda_cache / "archives").glob("*/*"))
    assert len(archives) == 2
    with using_conda(layout):
        remove_conda(layout, archives)
    assert all(path.exists() for path in archives)
    limits = Limits(max_age=1)
    done = collect(layout, limits, grace=0, now=10**10)
    assert [item.reason for item in done.removed] == ["age"]
    assert list(layout.environments.iterdir()) == []
    assert not any(path.exists() for path in archives)


def test_a_collection_takes_lists_of_channels_that_nobody_read_for_a_week(host: Settings) -> None:
    layout = Store.open(host.home).layout
    folder = layout.conda_cache / "repodata" / "one"
    folder.mkdir(parents=True)
    for name in ("list.json", "state.json"):
        (folder / name).write_text("{}")
    now = (folder / "list.json").stat().st_mtime
    collect(layout, Limits(), now=now + 3600)
    with using_conda(layout):
        collect(layout, Limits(), now=now + 10**6)
    assert len(list(folder.iterdir())) == 2
    collect(layout, Limits(), now=now + 10**6)
    assert [path.name for path in folder.iterdir()] == ["state.json"]


def test_a_link_beside_the_folder_of_modules_is_no_other_one(tmp_path: Path) -> None:
    """As conda's Python 3.10 has it."""
    site = tmp_path / "lib" / "python3.10" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "lib" / "python3.1").symlink_to("python3.10")
    assert site_folders(tmp_path) == (site,)


def test_the_key_is_of_the_packages_and_the_floor_and_of_no_interpreter(smallest: Path) -> None:
    lock = conda_lock_of(smallest, "pure")
    key = environment_id(lock, None)
    (first, *rest) = lock.conda
    other = dataclasses.replace(first, sha256="0" * 64)
    floor = dataclasses.replace(lock.target, floor="glibc-2.40")
    assert environment_id(dataclasses.replace(lock, conda=(other, *rest)), None) != key
    assert environment_id(dataclasses.replace(lock, target=floor), None) != key
    assert environment_id(dataclasses.replace(lock, spec_id="1" * 64, engine="x"), None) == key


@pytest.mark.parametrize("path", [".envbuilder/manifest.json", "pyvenv.cfg"])
def test_no_package_says_what_the_environment_is(host: Settings, tmp_path: Path, path: str) -> None:
    channel = tmp_path / "channel"
    for package in (stand_in(), Package(name="odd", files={path: File(data=b"home = /usr/bin\n")})):
        write(package, channel)
    index(channel)
    with pytest.raises(BuildError) as caught:
        make(channel, host, conda_lock_of(channel, "odd"))
    assert caught.value.code == "archive/script-path"
    assert list(Store.open(host.home).layout.environments.iterdir()) == []


@pytest.mark.parametrize(
    ("channel", "allow", "code"),
    [
        ("https://conda.anaconda.org/main", (), "channel/restricted"),
        ("https://conda.example.org/main", (), "channel/not-allowed"),
        (CHANNEL, ("bioconda",), "channel/not-allowed"),
    ],
)
def test_what_a_lock_names_passes_the_gate_once_more(
    smallest: Path, host: Settings, channel: str, allow: tuple[str, ...], code: str
) -> None:
    lock = conda_lock_of(smallest, "pure")
    moved = tuple(
        dataclasses.replace(
            package, channel=channel, url=SafeUrl(f"{channel}/{package.subdir}/{package.filename}")
        )
        for package in lock.conda
    )
    with pytest.raises(PolicyError) as caught:
        make(
            smallest,
            host,
            dataclasses.replace(lock, conda=moved),
            policy=Policy(channels=Channels(allow=allow)),
        )
    assert caught.value.code == code
    layout = Store.open(host.home).layout
    assert [*layout.environments.iterdir(), *layout.tmp.iterdir()] == []


def test_packages_without_a_python_or_with_another_are_refused(smallest: Path, host: Settings) -> None:
    lock = conda_lock_of(smallest, "pure")
    other = dataclasses.replace(lock.target, python=f"{lock.target.python}9")
    with pytest.raises(BuildError) as caught:
        make(smallest, host, dataclasses.replace(lock, target=other))
    assert caught.value.code == "build/wrong-interpreter"
    foreign = dataclasses.replace(lock.target, platform="macos-arm64")
    with pytest.raises(BuildError, match="on macos-arm64"):
        make(smallest, host, dataclasses.replace(lock, target=foreign))
    layout = Store.open(host.home).layout
    assert [*layout.environments.iterdir(), *layout.tmp.iterdir()] == []


POINTS = (
    "start", "resolve", "record", "leased", "flight", "placed", "download", "install", "compile", "verify",
    "publish", "surveyed", "listed", "synced", "manifest",
)  # fmt: skip
"""In order. It is built where it stays, so nothing is ever renamed."""

PROGRAM = """
import sys, time
from pathlib import Path
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.store import faults
from envbuilder.use.restoration import restore
from tests.builder.condasmith import policy_for
def hook(point):
    if point == "placed":
        Path(sys.argv[4]).open("a").write("built\\n")
    if point == sys.argv[3]:
        print("there", flush=True)
        sys.stdin.read()
faults.hook = hook
home = Path(sys.argv[2])
settings = Settings(home=home, user_home=home, python_downloads=False)
policy = policy_for(Path(sys.argv[1]))
restored = restore(Path(sys.argv[5]), request=Request(engine="conda", as_of="now"), settings=settings, policy=policy)
print(restored.hit, restored.environment.prefix, flush=True)
"""


def start(channel: Path, settings: Settings, point: str = "") -> subprocess.Popen[str]:
    log = settings.home.with_name("log")
    model = settings.home.with_name("model")
    model.mkdir(exist_ok=True)
    wishes = f"channels: [conda-forge]\ndependencies: [python={platform.python_version()}, pure, {', '.join(SEEDS)}]\n"
    (model / "conda.yaml").write_text(wishes)
    argv = [sys.executable, "-c", PROGRAM, *map(str, (channel, settings.home, point, log, model))]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(argv, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_after_kills_at_every_point_each_next_one_gets_further_and_nothing_is_left(
    smallest: Path, host: Settings
) -> None:
    store = Store.open(host.home)
    for point in POINTS:
        with start(smallest, host, point) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "there\n", point
            child.kill()
        whole = store.list_environments()
        assert len(whole) == (point == "manifest"), point
    with start(smallest, host) as last:
        hit, prefix = last.communicate(timeout=120)[0].split()
    assert hit == "True"
    with store.flight(whole[0].env_id):
        pass
    assert list(store.layout.tmp.iterdir()) == []
    assert list(store.layout.environments.iterdir()) == [Path(prefix)]
    assert run(Path(prefix) / "bin" / "python", "-c", "print(1)") == "1"
    assert [found.verdict for found in verify(store.layout, deep=True)] == ["whole"]


def test_four_at_once_build_once(smallest: Path, host: Settings) -> None:
    children = [start(smallest, host) for _ in range(4)]
    told = [child.communicate(timeout=120)[0].split() for child in children]
    assert sorted(hit for hit, _ in told) == ["False", "True", "True", "True"]
    assert len({prefix for _, prefix in told}) == 1
    assert host.home.with_name("log").read_text() == "built\n"
