"""The comparison at toy size: every kind of row measures what it says, and the table, JSON and plot have it."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import compare, inside, rows
from benchmarks.bench import Bench, asked
from benchmarks.contenders import cleaned, emptied, hashed, without_environments
from benchmarks.pairs import Runs, Sample
from benchmarks.plot import picture
from benchmarks.store_rows import union, variant
from benchmarks.verdicts import Goal, Verdict, shown
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.store.manifest import FOLDER, LISTING

MODEL = compare.ROOT / "fixtures" / "models" / "sklearn-2.9"


def runs(name: str, *seconds: float, size: int = 0) -> Runs:
    samples = [Sample(seconds=value, cpu=0.0, memory=2_000_000) for value in seconds]
    return Runs(name=name, samples=samples, bytes=size)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        yield Bench(tmp_path, MODEL, None, stack, modules=4)
    emptied(*(path for path in tmp_path.iterdir() if path.is_dir()))


def test_a_run_prints_its_table_and_writes_json_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, plot = tmp_path / "run.json", tmp_path / "run.svg"
    words = [
        "--rows",
        "import",
        "--rounds",
        "2",
        "--without-peers",
        "--output",
        str(output),
        "--plot",
        str(plot),
    ]
    assert compare.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[2].strip() for line in lines] == ["by", "---", "envbuilder", "bare Python"]
    (row,) = json.loads(output.read_text())["rows"]
    assert [len(side["seconds"]) for side in row["sides"]] == [2, 2]
    assert row["goals"][0]["reached"] > 0
    ElementTree.parse(plot)


def test_every_row_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        row.key for row in rows.ROWS
    ]


def test_what_cannot_be_measured_says_why(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(bench: Bench, rounds: int) -> tuple[Runs, ...]:
        raise OSError(f"no | of {rounds}")

    row = rows.Row(key="x", title="X", rounds=3, measure=fails, goals=(Goal(limit=1, beside="y"),))
    (verdict,) = compare.verdicts(bench, [row], rounds=None)
    assert list(verdict.lines()) == ["| X | envbuilder | did not work | | | | OSError: no / of 3 |"]
    assert "x: " in capsys.readouterr().err


def test_a_ready_environment_is_taken_in_a_crowd(bench: Bench) -> None:
    (ours,) = rows.looked_at(bench, 1, among=3)
    assert not ours.failed
    assert 0 < ours.seconds < 5
    assert len(list((bench.folder / "shop" / "store" / "envs" / "v1").iterdir())) == 1


def test_goals_are_of_the_median_round() -> None:
    sides = (runs("envbuilder", 1.0, 3.0, 2.0, size=30), runs("peer", 2.0, 2.0, 2.0, size=20))
    verdict = Verdict(
        key="k", title="work", sides=sides,
        goals=(
            Goal(limit=1.2, beside="peer"), Goal(limit=1.0), Goal(limit=1.1, beside="peer", disk=True),
            Goal(limit=1, beside="nobody"),
        ),
    )  # fmt: skip
    ours, peer = verdict.lines()
    assert ours.split(" | ")[-1] == (
        "at most 1.2 x peer: met, 1.00; at most 1 s: NOT met, 2 s;"
        " at most 1.1 x peer: NOT met, 1.50; at most 1 x nobody: not measured |"
    )
    assert peer == "| work | peer | 2 s | 1.00 (0.50 to 1.50) | 2 | 0 |  |"
    assert verdict.bars() == [("peer", 1.0)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2e-05, "32 µs"), (0.00018, "0.18 ms"), (0.25, "250 ms"), (12.3, "12.3 s")]
)
def test_times_have_units_that_fit(seconds: float, text: str) -> None:
    assert shown(seconds) == text


def test_a_plot_names_what_it_shows_and_nothing_else() -> None:
    tree = ElementTree.fromstring(picture([("a <b>", [("one & two", 8.0), ("three", 0.5)]), ("empty", [])]))
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a <b>", "one & two", "three", "8", "0.5"} <= set(texts)
    assert "empty" not in texts
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}rect"))) == 2
    ElementTree.fromstring(picture([]))


def test_steps_of_a_build_take_all_of_its_time() -> None:
    marks = [
        ("begin", 0.0),
        ("start", 1.0),
        ("download", 2.0),
        ("install", 4.0),
        ("compile", 5.0),
        ("end", 9.0),
    ]
    told = inside.spent(marks)
    assert told["virtual environment"] == 2.0
    assert told["wheels"] == 3.0
    assert (told["bytecode"], sum(told.values())) == (4.0, 9.0)


def test_sides_see_nothing_of_the_hosts_configuration(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, user_home=tmp_path, index=SafeUrl("https://user:word@example.org/simple")
    )
    environ = {
        "PATH": "/bin",
        "UV_OFFLINE": "1",
        "PIP_CERT": "/c",
        "PYTHONHOME": "/x",
        "ENVBUILDER_HOME": "/h",
    }
    found = cleaned(environ, settings)
    assert found["UV_DEFAULT_INDEX"] == found["PIP_INDEX_URL"] == "https://example.org/simple"
    assert {"PATH", "PIP_CERT"} <= found.keys()
    assert not {"UV_OFFLINE", "PYTHONHOME", "ENVBUILDER_HOME"} & found.keys()


def test_all_sides_are_asked_for_the_same_packages() -> None:
    lines = asked(read_model(MODEL).pypi).splitlines()
    assert "mlflow==2.9.2" in lines
    assert {line.partition("=")[0] for line in lines} >= {"pip", "setuptools", "wheel", "pandas"}


def test_models_overlap_but_for_a_pin(tmp_path: Path) -> None:
    changed = variant(MODEL, tmp_path / "other", {"pandas": "2.0.2"})
    before, after = ((path / "requirements.txt").read_text().splitlines() for path in (MODEL, changed))
    assert set(after) - set(before) == {"pandas==2.0.2"}


def test_the_union_has_each_content_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / FOLDER).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(b"x" * 10_000)
        line = "file\tf\t444\t10000\t1\tsame\n"
        (tmp_path / name / FOLDER / LISTING).write_text(line + "folder\td\t555\t0\t1\t\n")
    alone = union([tmp_path / "one"])
    assert union([tmp_path / "one", tmp_path / "two"]) == alone >= 10_000
    assert union([tmp_path / "one", tmp_path / "two"], of_wheels=True) == 2 * alone


def test_a_store_forgets_what_it_is_told_to(tmp_path: Path) -> None:
    for kind in ("envs", "requests", "locks", "pkgs"):
        (tmp_path / kind / "v1" / "thing").mkdir(parents=True)
    without_environments(tmp_path)
    assert sorted(path.parent.parent.name for path in tmp_path.glob("*/v1/*")) == ["locks", "pkgs"]
    without_environments(tmp_path, "locks")
    assert [path.parent.parent.name for path in tmp_path.glob("*/v1/*")] == ["pkgs"]
    shutil.rmtree(tmp_path / "pkgs")


def test_pip_is_given_the_hash_of_each_file() -> None:
    from envbuilder.lock import Artifact, Kind, Lock, Target
    from envbuilder.spec import PypiName

    wheel = Artifact(
        name=PypiName("thing"), version="1.0", kind=Kind.WHEEL, filename="thing-1.0-py3-none-any.whl",
        url=SafeUrl("https://example.org/thing"), sha256="ab" * 32,
    )  # fmt: skip
    target = Target(python="3.10.1", platform="linux-x86_64", floor="glibc-2.17")
    lock = Lock(target=target, artifacts=(wheel,), spec_id="", engine="uv", as_of=None)
    assert hashed(lock) == f"thing==1.0 --hash=sha256:{'ab' * 32}\n"
