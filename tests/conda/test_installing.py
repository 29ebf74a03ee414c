"""Laying packages out: what is checked before, what stands there afterwards, what never ran."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.archives.faults import ArchiveRefused
from envbuilder.conda.installing import install
from envbuilder.conda.questions import Source
from envbuilder.errors import BuildError, PolicyError
from envbuilder.lock import CondaPackage
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from fixtures.conda_channel import PLACEHOLDER, File, Package, index, write
from tests.conda.conftest import Install
from tests.condaserver import CONDA_FORGE, Channel
from tests.webserver import SECRET, Server

Solved = Callable[..., tuple[CondaPackage, ...]]


def files(tree: Path) -> set[str]:
    found = (path for path in tree.rglob("*") if path.is_symlink() or path.is_file())
    return {str(path.relative_to(tree)) for path in found}


def test_prefixes_say_the_final_path(solved: Solved, installed: Install, tmp_path: Path) -> None:
    installed(solved("binaryprefix", "entrypoint"))
    tree = tmp_path / "tree"
    assert (tree / "bin/python3.8").read_text() == "#!/bin/sh\necho /final/prefix\n"
    binary = (tree / "bin/binaryprefix").read_bytes()
    assert len(binary) == len(b"\x7fELF\0" + PLACEHOLDER.encode() + b"/lib\0the end")
    assert binary.startswith(b"\x7fELF\0/final/prefix/lib\0")
    assert binary.endswith(b"\0the end")
    assert str((tree / "bin/alias").readlink()) == "binaryprefix"
    assert (tree / "bin/hello").read_text().startswith("#!/final/prefix/bin/python3.8\n")
    assert (tree / "lib/python3.8/site-packages/hello_conda.py").is_file()


def test_nothing_tells_of_the_place_where_it_was_made(
    solved: Solved, installed: Install, tmp_path: Path
) -> None:
    packages = solved("binaryprefix", "entrypoint")
    installed(packages)
    installed(packages, tree="again")
    first, second = tmp_path / "tree", tmp_path / "again"
    assert files(first) == files(second)
    for name in files(first):
        path = first / name
        if not path.is_symlink():
            assert str(tmp_path).encode() not in path.read_bytes(), name
            assert path.read_bytes() == (second / name).read_bytes(), name
            assert path.stat().st_nlink == 1 or "scratch" not in name
    meta = json.loads((first / "conda-meta/linkscript-1.0-0.json").read_text())
    assert meta["url"] == f"{CONDA_FORGE}/linux-64/linkscript-1.0-0.conda"
    assert meta["channel"] == CONDA_FORGE


def test_scripts_never_run_and_are_told(solved: Solved, installed: Install, tmp_path: Path) -> None:
    found = installed(solved("linkscript", "activatescript"))
    assert [(finding.code, finding.message) for finding in found.findings] == [
        ("build/activate-script", "activatescript 1.0: etc/conda/activate.d/act.sh acts when the environment is activated"),
        ("build/link-script", "linkscript 1.0: bin/.linkscript-post-link.sh runs when the package is installed or removed"),
    ]  # fmt: skip
    assert not (tmp_path / "tree" / "ran").exists()


def test_what_runs_at_start_up_is_told_by_whoever_sees_all_of_it(
    small: Channel, solved: Solved, installed: Install
) -> None:
    path = "lib/python3.8/site-packages/distutils-precedence.pth"
    write(Package(name="starter", files={path: File(data=b"import os\n")}), small.folder)
    index(small.folder)
    assert installed(solved("starter")).findings == ()


def test_an_archive_in_the_old_format(solved: Solved, installed: Install, tmp_path: Path) -> None:
    (package,) = solved("plain <2")
    assert package.filename == "plain-1.0-0.tar.bz2"
    installed((package,))
    assert (tmp_path / "tree/share/plain").read_text() == "1"


def test_the_second_time_nothing_is_fetched(
    small: Channel, solved: Solved, installed: Install, settings: Settings, tmp_path: Path
) -> None:
    packages = solved("binaryprefix")
    installed(packages)
    before = len(small.asked)
    installed(packages, tree="again", settings=dataclasses.replace(settings, offline=True))
    assert len(small.asked) == before


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def refused(
    installed: Install, packages: tuple[CondaPackage, ...], tmp_path: Path, **more: object
) -> BuildError:
    with pytest.raises(BuildError) as caught:
        installed(packages, **more)
    assert files(tmp_path / "tree") == set()
    return caught.value


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_one_byte_changed_in_the_channel(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path, scheme: str
) -> None:
    packages = solved("binaryprefix")
    flip(small.folder / "linux-64" / "linkscript-1.0-0.conda")
    mirror = SafeUrl(small.url if scheme == "http" else small.folder.as_uri())
    source = Source(channel=CONDA_FORGE, mirrors=(mirror,))
    error = refused(installed, packages, tmp_path, sources=(source,))
    assert error.code == "build/hash-mismatch"
    assert "linkscript-1.0-0.conda is not the file that was locked" in error.message


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_swapped_archive(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path, scheme: str
) -> None:
    packages = solved("plain")
    (small.folder / "linux-64" / "linkscript-1.0-0.conda").replace(
        small.folder / "linux-64" / "plain-2.0-0.conda"
    )
    mirror = SafeUrl(small.url if scheme == "http" else small.folder.as_uri())
    source = Source(channel=CONDA_FORGE, mirrors=(mirror,))
    assert refused(installed, packages, tmp_path, sources=(source,)).code == "build/hash-mismatch"


def test_a_list_that_lies_about_a_hash(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path
) -> None:
    from tests.conda.test_solving import edited

    edited(small, "plain", sha256="0" * 64)
    assert refused(installed, solved("plain"), tmp_path).code == "build/hash-mismatch"


def test_a_list_that_gives_an_archive_another_name(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path
) -> None:
    """The hash is right, the package is another: its record and file name are those of ``plain``."""
    real = small.folder / "linux-64" / "linkscript-1.0-0.conda"
    false = small.folder / "linux-64" / "plain-2.0-0.conda"
    false.write_bytes(real.read_bytes())
    from tests.conda.test_solving import edited, record_of

    edited(
        small, "plain", only="plain-2.0-0.conda", **record_of(small, "linkscript", "sha256", "md5", "size")
    )
    error = refused(installed, solved("plain"), tmp_path)
    assert error.code == "archive/name-mismatch"
    assert error.message == "plain-2.0-0.conda is not plain 2.0 0: it says of itself linkscript 1.0 0"


def test_a_changed_file_of_the_cache_is_fetched_again(
    small: Channel, solved: Solved, installed: Install, cache: Path, tmp_path: Path
) -> None:
    packages = solved("plain")
    installed(packages)
    (kept,) = (cache / "archives").rglob("*.conda")
    flip(kept)
    installed(packages, tree="again")
    assert (tmp_path / "again/share/plain").read_text() == "2"
    flip(kept)
    small.server.failures = 1000
    assert not kept.is_symlink()
    flip(small.folder / "linux-64" / "plain-2.0-0.conda")
    small.server.failures = 0
    with pytest.raises(BuildError, match="not the file that was locked"):
        installed(packages, tree="third")


def test_a_file_of_an_environment_is_no_name_of_a_cached_one(
    solved: Solved, installed: Install, tmp_path: Path
) -> None:
    packages = solved("plain")
    installed(packages)
    (tmp_path / "tree/share/plain").write_text("changed")
    installed(packages, tree="again")
    assert (tmp_path / "again/share/plain").read_text() == "2"


def test_an_archive_that_leaves_its_folder(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path
) -> None:
    write(Package(name="escape", files={"../../../escaped": File(data=b"x")}), small.folder)
    index(small.folder)
    packages = solved("escape")
    with pytest.raises(ArchiveRefused) as caught:
        installed(packages)
    assert caught.value.code == "archive/path-escape"
    assert not list(tmp_path.rglob("escaped"))


def test_a_lock_that_names_another_place(
    solved: Solved, installed: Install, defaults_channel: Server, tmp_path: Path
) -> None:
    """The gate's own tests have the spellings."""
    (package,) = solved("plain")
    url = SafeUrl(f"{defaults_channel.url}/pkgs/main/linux-64/{package.filename}")
    with pytest.raises(PolicyError) as caught:
        installed((dataclasses.replace(package, url=url),))
    assert caught.value.code == "channel/restricted"
    assert defaults_channel.seen == []
    assert not (tmp_path / "tree").exists()


def test_an_archive_behind_a_redirect_to_a_licensed_channel(
    small: Channel, solved: Solved, installed: Install, defaults_channel: Server
) -> None:
    packages = solved("plain")
    small.server.elsewhere = f"{defaults_channel.url}/pkgs/main"
    with pytest.raises(PolicyError) as caught:
        installed(packages)
    assert caught.value.code == "channel/restricted"
    assert defaults_channel.seen == []


def test_credentials_of_a_mirror_stay_out_of_everything(
    small: Channel, settings: Settings, cache: Path, tmp_path: Path
) -> None:
    from envbuilder.conda.questions import CondaSolution
    from envbuilder.conda.solving import solve
    from tests.conda.conftest import question

    small.server.guarded = True
    mirror = SafeUrl(small.url.replace("http://", f"http://user:{SECRET}@"))
    sources = (Source(channel=CONDA_FORGE, mirrors=(mirror,)),)
    answer = solve(question(small, "plain", sources=sources), cache=cache, settings=settings)
    assert isinstance(answer, CondaSolution), answer
    install(
        answer.packages, tree=tmp_path / "tree", final=tmp_path / "final", cache=cache, sources=sources,
        settings=settings, scratch=tmp_path / "scratch",
    )  # fmt: skip
    assert (tmp_path / "tree/share/plain").is_file()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.index
def test_a_real_interpreter_and_its_packages(
    conda_channel: Channel, defaults_channel: Server, settings: Settings, cache: Path, tmp_path: Path
) -> None:
    """An environment that runs at its final path, and has what conda packages bring."""
    from envbuilder.conda.questions import CondaSolution
    from envbuilder.conda.solving import solve
    from tests.conda.conftest import question

    if "3.8" not in conda_channel.pythons:
        pytest.skip("this host has no Python 3.8 that can be packed")
    specs = ["python=3.8", "scikit-learn=0.23.2", "pip", "entrypoint", "linkscript"]
    specs += ["whereami"] if shutil.which("cc") else []
    answer = solve(question(conda_channel, *specs), cache=cache, settings=settings)
    assert isinstance(answer, CondaSolution), answer
    tree, final = tmp_path / "staging", tmp_path / "final"
    install(
        answer.packages, tree=tree, final=final, cache=cache, sources=(conda_channel.source,),
        settings=settings, scratch=tmp_path / "scratch",
    )  # fmt: skip
    tree.rename(final)
    code = (
        "import sys, ssl, sqlite3, ctypes, sklearn.linear_model as m\n"
        "print(sys.prefix, sys.version_info[:2], m.LinearRegression().fit([[0], [1]], [1, 3]).predict([[2]])[0].round(6))"
    )
    done = subprocess.run(
        [final / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=False, env={}
    )
    assert done.stdout == f"{final} (3, 8) 5.0\n", done.stderr

    def said(*argv: str) -> list[str]:
        program, *arguments = argv
        command = [str(final / "bin" / program), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout.splitlines()

    assert "scikit-learn==0.23.2" in said("pip", "list", "--format=freeze")
    assert said("hello") == ["hello"]
    if "whereami" in specs:
        assert said("whereami") == [str(final)]
    assert not list(final.rglob("ran"))
    assert defaults_channel.seen == []


def test_hard_links_inside_of_an_archive(
    small: Channel, solved: Solved, installed: Install, tmp_path: Path
) -> None:
    """Of 2019: py-rattler itself cannot unpack them."""
    import io
    import tarfile

    path = write(Package(name="linked", files={"share/first": File(data=b"1")}), small.folder, old=True)
    with tarfile.open(path) as archive:
        members = [(member, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]
    paths = json.loads(next(data for member, data in members if member.name == "info/paths.json"))
    paths["paths"].append({**paths["paths"][0], "_path": "share/second"})
    with tarfile.open(path, "w:bz2") as archive:
        for member, data in members:
            content = json.dumps(paths).encode() if member.name == "info/paths.json" else data
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        second = tarfile.TarInfo("share/second")
        second.type, second.linkname = tarfile.LNKTYPE, "share/first"
        archive.addfile(second)
    index(small.folder)
    installed(solved("linked"))
    assert (tmp_path / "tree/share/second").read_bytes() == b"1"
