"""What installed packages do beyond being imported, with real installers."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.archives.faults import ArchiveRefused
from envbuilder.builder.scrutiny import check_places
from envbuilder.errors import BuildError
from envbuilder.findings import Finding
from envbuilder.store.remarks import read_findings
from envbuilder.store.store import Store
from tests.builder.conftest import Make
from tests.builder.wheelsmith import make_sdist, make_wheel

SETUPTOOLS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local';"
    " enabled and __import__('_distutils_hack').add_shim(); "
)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    assert {finding.level.value for finding in findings} <= {"note"}
    return [(finding.code, finding.subject) for finding in findings]


def test_an_environment_tells_what_was_built_and_what_runs_at_start_up(make: Make, shop: Path) -> None:
    files = {
        "odd.py": "", "odd-nspkg.pth": "import sys\n", "usercustomize/__init__.py": "", "odd/weights.pth": "x",
        "distutils-precedence.pth": SETUPTOOLS, "__editable__.odd.pth": "/somewhere\n",
    }  # fmt: skip
    built = make(make_wheel(shop, "odd", files=files), make_sdist(shop, "built"))
    assert told(built.findings) == [
        ("build/from-source", "built"),
        ("build/pth-file", "__editable__.odd.pth"),
        ("build/pth-file", "odd-nspkg.pth"),
        ("build/startup-module", "usercustomize"),
    ]
    assert built.findings[0].message == "built 1.0 was built from source (built-1.0.tar.gz)"
    assert "odd-nspkg.pth of odd 1.0 is read by every Python" in built.findings[2].message
    assert read_findings(built.environment.prefix) == built.findings


def test_a_well_known_name_with_other_bytes_is_told(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "odd", files={"distutils-precedence.pth": SETUPTOOLS + "import odd\n"}))
    assert told(built.findings) == [("build/pth-file", "distutils-precedence.pth")]


def test_a_plain_environment_has_nothing_to_tell(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "plain"))
    assert built.findings == ()
    assert make(make_wheel(shop, "plain")).findings == ()


def test_an_environment_of_an_older_version_has_none(make: Make, shop: Path) -> None:
    source = make_sdist(shop, "built")
    built = make(source)
    listed = built.environment.prefix / ".envbuilder" / "findings.json"
    listed.write_text('{"schema": 9}')
    assert built.findings == ()
    listed.unlink()
    assert built.findings == ()
    assert make(source).hit


@pytest.mark.parametrize("name", ["odd-1.0.data/data/pyvenv.cfg", "odd-1.0.data/data/bin/activate"])
def test_no_package_takes_the_place_of_the_environments_own(
    make: Make, shop: Path, store: Store, name: str
) -> None:
    """uv and pip install both without a word; the environment would start another Python, or another script."""
    wheel = make_wheel(shop, "odd", files={"odd.py": "", name: "home = /elsewhere\n"})
    with pytest.raises(BuildError) as caught:
        make(wheel)
    assert caught.value.code == "archive/script-path"
    assert list(store.layout.environments.iterdir()) == []


@pytest.mark.parametrize("script", ["activate", "../evil", "sub/evil"])
def test_no_script_of_a_wheel_leaves_its_folder(make: Make, shop: Path, tmp_path: Path, script: str) -> None:
    with pytest.raises(BuildError):
        make(make_wheel(shop, "odd", scripts={script: "odd:x"}))
    assert [path for path in tmp_path.rglob("evil") if "shop" not in path.parts] == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("../../../../etc/passwd,,", "archive/path-escape"),
        ("/etc/passwd,,", "archive/path-escape"),
        ('"../../../../with, comma",,', "archive/path-escape"),
        ("pkg/../../../../../x,,", "archive/path-escape"),
        ("../../../bin/python3.11,sha256=x,1", "archive/script-path"),
        ("../../../pyvenv.cfg,,", "archive/script-path"),
    ],
)
def test_lists_of_files_lead_nowhere_else(tmp_path: Path, line: str, code: str) -> None:
    info = tmp_path / "lib/python3.11/site-packages/odd-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text(f"odd.py,,\n{line}\n")
    with pytest.raises(BuildError, match=r"^archive/.*odd-1\.0 names") as caught:
        check_places(tmp_path)
    assert caught.value.code == code
    (info / "RECORD").write_text("odd.py,,\n../../../bin/tool,,\n../../../share/man/a.1,,\n../x.py,,\n")
    check_places(tmp_path)


@pytest.mark.parametrize("name", ["../../../../../evil", "odd-1.0.data/data/../../../../evil"])
def test_no_member_of_a_wheel_leaves_the_environment(
    make: Make, shop: Path, store: Store, tmp_path: Path, name: str
) -> None:
    """uv leaves such a member out; a wheel for pip is refused when it is fetched."""
    wheel = make_wheel(shop, "odd", files={"odd.py": "", name: "x"})
    try:
        make(wheel)
    except BuildError as error:
        assert error.code == "archive/path-escape"
    evil = [path for path in tmp_path.rglob("evil") if store.layout.environments not in path.parents]
    assert [path for path in evil if store.layout.uv_cache not in path.parents] == []


@pytest.mark.parametrize("engine", ["pip"])
def test_a_wheel_that_leads_elsewhere_reaches_no_pip(make: Make, shop: Path) -> None:
    wheel = make_wheel(shop, "odd", files={"odd.py": "", "../../../../../evil": "x"})
    with pytest.raises(ArchiveRefused) as caught:
        make(wheel)
    assert caught.value.code == "archive/path-escape"
