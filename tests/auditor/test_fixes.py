"""The fix of a finding is what rewriting makes of its line; small, masked, and found in linear time."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from envbuilder.auditor.fixes import _hunks
from envbuilder.findings import Fix
from envbuilder.report.report import ModelReport
from envbuilder.rewriter.files import FileEdit

One = Callable[..., ModelReport]


def conda(channels: str, dependencies: str = "- python=3.12\n") -> dict[str, str]:
    return {"conda.yaml": f"{channels}dependencies:\n{dependencies}"}


def fixes(report: ModelReport, code: str) -> list[Fix | None]:
    return [finding.fix for finding in report.findings if finding.code == code]


def texts(report: ModelReport, code: str) -> list[tuple[str, str]]:
    return [(fix.before, fix.after) for fix in fixes(report, code) if fix]


def test_a_licensed_channel(one: One) -> None:
    report = one(conda("channels:\n- defaults\n"))
    assert texts(report, "channel/restricted") == [("- defaults\n", "- conda-forge\n- nodefaults\n")]


def test_a_missing_list_of_channels_and_a_missing_nodefaults(one: One) -> None:
    report = one(conda(""))
    assert texts(report, "channel/implicit-defaults") == [
        ("", "channels:\n  - conda-forge\n  - nodefaults\n")
    ]
    report = one(conda("channels:\n- conda-forge\n"))
    assert texts(report, "channel/implicit-defaults") == [("", "- nodefaults\n")]


def test_the_fix_of_a_licensed_channel_goes_as_far_as_nodefaults(one: One) -> None:
    report = one(conda("channels:\n- defaults\n# ours\n- conda-forge\n- anaconda\n- pytorch\n"))
    mended = "# ours\n- conda-forge\n- pytorch\n- nodefaults\n"
    assert texts(report, "channel/restricted") == [
        ("- defaults\n# ours\n- conda-forge\n- anaconda\n- pytorch\n", mended),
        ("- anaconda\n- pytorch\n", "- pytorch\n- nodefaults\n"),
    ]


def test_the_fix_of_a_channel_does_not_run_into_another_list(one: One) -> None:
    files = {"conda.yaml": "dependencies:\n- defaults::numpy=1.20\nchannels:\n- conda-forge\n"}
    assert texts(one(files), "channel/restricted") == [
        ("- defaults::numpy=1.20\n", "- conda-forge::numpy=1.20\n")
    ]


def test_a_channel_of_a_dependency(one: One) -> None:
    report = one(conda("channels: [conda-forge, nodefaults]\n", "- defaults::numpy=1.20=py38_0\n"))
    assert texts(report, "channel/restricted") == [
        ("- defaults::numpy=1.20=py38_0\n", "- conda-forge::numpy==1.20\n")
    ]


def test_what_rewriting_leaves_alone_has_no_fix(one: One) -> None:
    report = one(conda("channels: ['file:///tmp/x', nodefaults]\n"))
    assert fixes(report, "channel/local") == [None]


def test_a_refused_model_has_no_fix(one: One) -> None:
    report = one(conda("channels: [defaults]\n") | {"requirements.txt": "numpy ==\n"})
    assert fixes(report, "channel/restricted") == [None]


def test_a_fix_shows_no_secret(one: One) -> None:
    report = one(
        conda("channels:\n- https://repo.anaconda.com/t/s3cret/pkgs/main\n- https://u:pw99@h.example/c\n")
    )
    shown = repr(report)
    assert "s3cret" not in shown
    assert "pw99" not in shown
    assert texts(report, "channel/restricted")


def test_a_list_on_one_endless_line_is_described_only(one: One) -> None:
    report = one(conda("channels: [" + ", ".join(["defaults"] * 900) + "]\n"))
    found = fixes(report, "channel/restricted")
    assert len(found) == 900
    assert found[0] is not None
    assert (found[0].before, found[0].after) == ("", "")
    assert found[0].description


def test_thousands_of_lines_take_no_second(one: One) -> None:
    started = time.monotonic()
    report = one(conda("channels:\n" + "- defaults\n" * 9000))
    assert time.monotonic() - started < 8  # 1 s on an idle machine
    assert len([f for f in report.findings if f.code == "channel/restricted"]) == 9000
    assert max(len(f.fix.before) for f in report.findings if f.fix) < 500


LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


@given(LINES, LINES)
def test_hunks_are_an_edit_script(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    hunks = _hunks(FileEdit(path="f", before=old.encode(), after=new.encode(), changes=()))
    lines = [f"{line}\n" for line in old.split("\n")]
    for hunk in reversed(hunks):
        assert "".join(lines[hunk.start - 1 : hunk.end - 1]) == hunk.before
        lines[hunk.start - 1 : hunk.end - 1] = [hunk.after]
    assert "".join(lines) == new + "\n"
