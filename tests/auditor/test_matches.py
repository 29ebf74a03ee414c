"""What of the policy a registry needs comes back with the judgements, from every process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor import workers
from envbuilder.findings import Level
from envbuilder.policy import Channels, Policy
from envbuilder.policyfile import read_policy
from envbuilder.report.report import ModelReport, Report

Write = Callable[[str, dict[str, str]], Path]
Run = Callable[..., Report]

POLICY = Policy(
    channels=Channels(allow=("conda-forge", "bioconda", "pytorch")),
    names=(("our-tools", "tools"), ("unused", "x")),
    levels=(("input/duplicate-key", "allow"), ("pin/unpinned", "allow")),
)


def test_the_entries_that_mean_something_for_a_model(one: Callable[..., ModelReport]) -> None:
    text = "channels: [defaults, bioconda, nodefaults]\ndependencies: [python=3.12, our-tools=1, numpy]\n"
    report = one({"conda.yaml": text}, POLICY)
    assert report.matched == {
        ("channels", "allow", 0), ("channels", "allow", 1), ("names", "our-tools"), ("levels", "pin/unpinned"),
    }  # fmt: skip
    assert not [f for f in report.findings if f.code == "pin/unpinned"]


def test_a_policy_without_such_entries_costs_nothing(one: Callable[..., ModelReport]) -> None:
    assert one({"requirements.txt": "numpy\n"}).matched == frozenset()


def test_several_processes_find_what_one_finds(
    write: Write, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ALONE", 0.0)
    monkeypatch.setattr(workers, "_CHUNK", 2)
    for number, channel in enumerate(["conda-forge", "conda-forge", "bioconda", "conda-forge", "bioconda"]):
        text = f"channels: [{channel}, nodefaults]\ndependencies: [python=3.12]\n"
        write(f"tree/m{number}", {"conda.yaml": text})
    alone, together = run(write("tree", {}), policy=POLICY), run(write("tree", {}), policy=POLICY, jobs=2)
    assert together == alone
    assert [f.subject for f in together.policy_findings] == [
        "the channel pytorch", "the name of our-tools", "the name of unused", "the level of input/duplicate-key",
        "the level of pin/unpinned",
    ]  # fmt: skip
    # The same entries of the same content are one object: a registry holds few kinds of models.
    assert len({id(model.matched) for model in alone.models}) == 2


def test_findings_about_the_policy_point_into_it(write: Write, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "envbuilder.toml"
    path.write_text('[channels]\nallow = [\n  "conda-forge",\n  "typo-forge",\n]\n')
    folder = write("m", {"conda.yaml": "channels: [conda-forge, nodefaults]\ndependencies: [python=3.12]\n"})
    (found,) = run(folder, policy=read_policy(path)).policy_findings
    assert found.origin is not None
    assert (found.origin.file, found.origin.line, found.level) == (path.as_posix(), 4, Level.NOTE)


def test_a_baseline_knows_the_policys_findings_too(write: Write, run: Run) -> None:
    from envbuilder.auditor.baseline import baseline_text, read_baseline

    folder = write("m", {"requirements.txt": "numpy==1.0\n"})
    policy = Policy(names=(("unused", "x"),))
    first = run(folder, policy=policy)
    file = folder.parent / "baseline"
    file.write_text("".join(baseline_text(first)))
    again = run(folder, policy=policy, baseline=read_baseline(file))
    assert len(first.policy_findings) == 1
    assert again.policy_findings == ()
    assert again.hidden == 1
