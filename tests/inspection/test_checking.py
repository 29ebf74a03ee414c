"""From a model to its mismatches: what the store knows is used, what changed is read again, nothing is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import envbuilder
from envbuilder.errors import EnvbuilderError, InputRefused
from envbuilder.findings import Level
from envbuilder.inspection import checking
from envbuilder.inspection.checking import inspect_model, wanted_closure
from envbuilder.inspection.closure import Closure
from envbuilder.inspection.comparing import mismatches_of
from envbuilder.inspection.roles import Role
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.request import Request
from tests.conftest import ROOT
from tests.inspection.conftest import FILES, PACKAGES, Known, Make, fill, python_with, venv


def closure(known: Known) -> Closure:
    return wanted_closure(
        known.model, request=Request(), settings=known.settings, policy=DEFAULT, progress=SILENT
    )


def never(*_: object, **__: object) -> None:
    raise AssertionError("the model was read")


def test_the_closure_has_every_package_with_its_role_and_line(make: Make) -> None:
    found = closure(make())
    assert (found.python.version, found.python.logged) == ("3.8.18", "3.8.8")
    assert str(found.python.origin) == "python_env.yaml:1:9"
    rows = {item.name: (item.version, item.role, str(item.origin)) for item in found.packages}
    assert rows == {
        "cloudpickle": ("1.6.0", Role.PICKLED, "requirements.txt:3:1"),
        "mlflow": ("1.14.1", Role.NAMED, "requirements.txt:1:1"),
        "numpy": ("1.20.1", Role.PICKLED, "None"),
        "pip": ("20.2.4", Role.TOOL, "python_env.yaml:3:3"),
        "scikit-learn": ("0.24.1", Role.LIBRARY, "requirements.txt:2:1"),
        "six": ("1.15.0", Role.TRANSITIVE, "None"),
    }


def test_the_second_time_nothing_is_parsed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    known = make()
    first = closure(known)
    monkeypatch.setattr("envbuilder.use.locking.lock_model", never)
    assert closure(known) == first


def test_a_second_check_loads_no_parser(make: Make) -> None:
    known = make()
    closure(known)
    code = (
        "import sys, envbuilder\nfrom envbuilder.settings import Settings\nfrom pathlib import Path\n"
        "settings = Settings(home=Path(sys.argv[1]), user_home=Path(sys.argv[2]))\n"
        "assert envbuilder.check(sys.argv[3], settings=settings).packages == 6\n"
        "print(*sys.modules)"
    )
    # -S: what an editable installation's or a tracer's own hooks import is none of ours.
    argv = [
        sys.executable,
        "-S",
        "-c",
        code,
        *map(str, (known.settings.home, known.settings.user_home, known.model)),
    ]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    heavy = (
        "yaml",
        "tomllib",
        "tomli",
        "packaging.specifiers",
        "subprocess",
        "click",
        "rich",
        "mlflow",
        "numpy",
    )
    ours = (
        "envbuilder.flavors",
        "envbuilder.use.locking",
        "envbuilder.use.restoration",
        "envbuilder.resolver",
    )
    assert not {*heavy, *ours} & set(loaded)


@pytest.mark.parametrize("harm", ["truncate", "change", "other key", "not json", "remove"])
def test_a_damaged_record_counts_as_none(make: Make, harm: str) -> None:
    known = make()
    first = closure(known)
    (record,) = known.settings.home.glob("inspections/v1/*.json")
    content = record.read_bytes()
    match harm:
        case "truncate":
            record.write_bytes(content[:-20])
        case "change":
            record.write_bytes(content.replace(b"0.24.1", b"0.24.2"))
        case "other key":
            other = known.settings.home / "inspections" / "v1" / f"{'0' * 20}.json"
            record.rename(other)
            record.symlink_to(other)
            record.write_bytes(b"0" * 64 + content[64:])
        case "not json":
            record.write_bytes(b"\xff")
        case _:
            record.unlink()
    assert closure(known) == first
    assert closure(known) == first


def test_what_changes_in_the_model_is_read_again(make: Make) -> None:
    known = make()
    closure(known)
    (known.model / "requirements.txt").write_text("mlflow==1.14.1\nscikit-learn==0.24.2\n")
    known.answer({**PACKAGES, "scikit-learn": "0.24.2"})
    found = {item.name: item.version for item in closure(known).packages}
    assert found["scikit-learn"] == "0.24.2"


def test_a_file_that_appears_is_read_too(make: Make) -> None:
    known = make(files={name: text for name, text in FILES.items() if name != "python_env.yaml"})
    assert closure(known).python.logged == "3.8.8"
    (known.model / "python_env.yaml").write_text(FILES["python_env.yaml"].replace("3.8.8", "3.8.9"))
    known.answer(PACKAGES)
    assert closure(known).python.logged == "3.8.9"


def test_a_lock_that_was_made_anew_is_the_one_that_counts(make: Make) -> None:
    known = make()
    closure(known)
    known.answer({**PACKAGES, "six": "1.16.0"})
    assert {item.version for item in closure(known).packages if item.name == "six"} == {"1.16.0"}


def test_a_model_without_a_lock_that_cannot_be_locked_offline_is_told(make: Make) -> None:
    known = make(None)
    with pytest.raises(EnvbuilderError, match="check/no-lock: the store knows no lock of") as caught:
        inspect_model(known.model, settings=known.settings)
    assert "envbuilder lock MODEL" in caught.value.hint


def test_refused_input_is_refused_here_too(make: Make) -> None:
    known = make(None, {"requirements.txt": "-r ../../secrets.txt\n"})
    with pytest.raises(InputRefused, match="input/path-escape"):
        inspect_model(known.model, settings=known.settings)
    with pytest.raises(EnvbuilderError, match=r"no such|cannot be opened|missing"):
        inspect_model(known.model / "nowhere", settings=known.settings)


def test_all_right_is_quiet_and_false(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = make()
    python = python_with(tmp_path)
    monkeypatch.setattr(checking, "running_python", lambda: python)
    found = inspect_model(known.model, settings=known.settings)
    assert not found
    assert (len(found), found.ranked, found.grave, found.packages) == (0, (), (), 6)
    assert found.summary == f"python 3.8.18 has all 6 packages that {known.model} wants"


def test_the_running_python_is_compared_by_default(make: Make) -> None:
    known = make()
    found = envbuilder.check(known.model, settings=known.settings)
    assert found
    assert found.python == sys.executable
    assert found.ranked[0].name == "python"
    assert {"scikit-learn", "mlflow"} <= {item.name for item in found.grave}


def test_another_python_by_prefix_and_by_version(make: Make, tmp_path: Path) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    files = {**FILES, "python_env.yaml": FILES["python_env.yaml"].replace("3.8.8", version)}
    known = make(files=files, python=version)
    prefix = venv(sys.executable, tmp_path / "env")
    (site,) = prefix.glob("lib/python*/site-packages")
    fill(site, PACKAGES)
    assert not envbuilder.check(known.model, python=prefix, settings=known.settings)
    fill(site, {"six": "1.14.0"})
    (site / "six-1.15.0.dist-info" / "METADATA").unlink()
    (item,) = envbuilder.check(known.model, python=str(prefix / "bin" / "python"), settings=known.settings)
    assert (item.name, item.found, item.wanted, item.level) == ("six", "1.14.0", "1.15.0", Level.WARNING)


# What follows mirrors the cases at which MLflow's own check of a running environment fails.

HASH = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("line", "there", "differs"),
    [
        (f"thing==1.0 --hash={HASH}", "1.0", False),
        (f"thing==1.0 --hash={HASH}", "2.0", True),
        ("thing>=1.0,<3  # a comment", "1.0", False),
        ("thing[extra]==1.0", "1.0", False),
        ("thing==1.0; python_version < '4'", "1.0", False),
        ("thing", "1.0", False),
        ("thing", "0.9", True),
        ("thing~=1.0 \\\n    --hash=" + HASH, "1.0", False),
        ("-c constraints.txt\nthing", "1.0", False),
    ],
)
def test_every_form_of_a_line_is_compared_with_the_lock(
    make: Make, tmp_path: Path, line: str, there: str, *, differs: bool
) -> None:
    files = {**FILES, "requirements.txt": f"{line}\n", "constraints.txt": "other==9.9\nthing<2\n"}
    known = make({"thing": "1.0"}, files)
    found = mismatches_of(closure(known), python_with(tmp_path, {"thing": there}))
    assert [item.name for item in found] == (["thing"] if differs else [])
    assert all(item.origin and item.origin.file == "requirements.txt" for item in found)


def test_a_constraint_is_no_requirement(make: Make, tmp_path: Path) -> None:
    files = {**FILES, "requirements.txt": "-c constraints.txt\nthing\n", "constraints.txt": "unused==1.0\n"}
    known = make({"thing": "1.0"}, files)
    assert mismatches_of(closure(known), python_with(tmp_path, {"thing": "1.0", "unused": "2.0"})) == ()


def test_a_requirement_whose_marker_is_false_is_no_mismatch(make: Make, tmp_path: Path) -> None:
    files = {**FILES, "requirements.txt": "thing\npywin32==300; sys_platform == 'win32'\n"}
    known = make({"thing": "1.0"}, files)
    assert mismatches_of(closure(known), python_with(tmp_path, {"thing": "1.0"})) == ()


def test_no_module_called_like_a_requirement_is_imported(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make(
        {"thing": "1.0", "other-thing": "1.0"}, {**FILES, "requirements.txt": "thing\nother-thing\n"}
    )
    trap = tmp_path / "sprung"
    modules = tmp_path / "modules"
    modules.mkdir()
    for name in ("thing", "other_thing"):
        (modules / f"{name}.py").write_text(f"__version__ = '1.0'\nopen({str(trap)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(modules)
    found = envbuilder.check(known.model, settings=known.settings)
    assert {item.name for item in found} >= {"thing", "other-thing"}
    assert not trap.exists()
    assert "thing" not in sys.modules
