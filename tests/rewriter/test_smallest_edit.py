"""Edits of a model's files touch only what has to change: no hunk of the difference can be left out."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.model import read_model
from envbuilder.rewriter.files import rewrite_files
from envbuilder.rewriter.rewriting import rewrite

LINES = st.lists(
    st.sampled_from(
        [
            "numpy==1.19.2", "werkzeug=3.0.3", "torch==1.9.0+cu102  # gpu", "sklearn", "sklearn==0.0", "# a comment",
            "", "pandas>=1,<2 ; python_version < '3.9'", "scikit-learn==0.24.1", "mlflow == 1.27", "-i https://e.org",
            "tensorflow==2.4.0+local ; os_name == 'posix'", "flask = 2.0",
        ]
    ),
    unique=True, max_size=8,
)  # fmt: skip
SPECS = st.lists(
    st.sampled_from(
        ["python=3.8.8", "defaults::pandas=1", "scipy=1.7.1", "main::six", "blas=*=*mkl*", "pip", "a=1"]
    ),
    unique=True, max_size=5,
)  # fmt: skip
"""Without builds of licensed channels: whether one has to go is seen by the channels, which change too."""

CHANNELS = st.none() | st.lists(
    st.sampled_from(["defaults", "r", "conda-forge", "pytorch", "nodefaults", "Conda-Forge", "anaconda"]),
    max_size=5,
)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def conda_files(draw: st.DrawFn) -> str:
    lead = draw(st.sampled_from(["", "  "]))
    comment = draw(st.sampled_from(["", "  # why"]))
    channels = draw(CHANNELS)
    lines = ["name: x", "# of the channels"]
    if channels is not None:
        flow = draw(st.booleans()) or not channels
        lines += [f"channels: [{', '.join(channels)}]"] if flow else ["channels:"]
        lines += [] if flow else [f"{lead}- {name}{comment}" for name in channels]
    lines += ["dependencies:", f"{lead}- pip", *(f"{lead}- {spec}{comment}" for spec in draw(SPECS))]
    pip = [line for line in draw(LINES) if line and line[0] not in "#-"]
    lines += [f"{lead}- pip:", *(f'{lead}  - "{line}"' for line in pip)] if pip else []
    return draw(ENDS).join([*lines, ""])


def edited(folder: Path, name: str, content: bytes) -> bytes | None:
    """Return a file as the rewriting would have it, None where it is refused."""
    (folder / name).write_bytes(content)
    try:
        edits = rewrite_files(rewrite(read_model(folder)))
    except EnvbuilderError:
        return None
    return edits[0].after if edits else content


def without_each_hunk(before: bytes, after: bytes) -> list[bytes]:
    """Return the edited file with one change after the other left out."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    hunks = [number for number, code in enumerate(codes) if code[0] != "equal"]
    return [
        b"".join(
            line
            for number, (_, i, j, k, end) in enumerate(codes)
            for line in (old[i:j] if number == left else new[k:end])
        )
        for left in hunks
    ]


def holds(folder: Path, name: str, before: bytes) -> None:
    after = edited(folder, name, before)
    if after is None:
        return
    assert edited(folder, name, after) == after
    for kept in without_each_hunk(before, after):
        assert edited(folder, name, kept) != kept, kept


laws = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip


@laws
@given(conda_files())
def test_no_hunk_of_a_conda_file_is_idle(tmp_path: Path, text: str) -> None:
    holds(tmp_path, "conda.yaml", text.encode())


@laws
@given(LINES, ENDS)
def test_no_hunk_of_a_requirements_file_is_idle(tmp_path: Path, lines: list[str], end: str) -> None:
    holds(tmp_path, "requirements.txt", end.join(lines).encode())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hunks_are_counted(count: int) -> None:
    before = b"".join(b"a%d\nb%d\n" % (n, n) for n in range(count)) + b"z\n"
    after = before.replace(b"a", b"c")
    assert len(without_each_hunk(before, after)) == count
