"""The model's own files after rewriting, byte by byte."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.model import read_model
from envbuilder.rewriter.files import FileEdit, rewrite_files, unified_diff
from envbuilder.rewriter.rewriting import rewrite

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
CHANNEL_CODES = {"channel/restricted", "channel/implicit-defaults"}


def edits_of(folder: Path) -> tuple[FileEdit, ...]:
    return rewrite_files(rewrite(read_model(folder)))


def written(folder: Path, **files: bytes | str) -> Path:
    for name, content in files.items():
        path = folder / {"conda": "conda.yaml", "requirements": "requirements.txt"}[name]
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


DEPENDENCIES = "dependencies:\n- python=3.8.8\n- pip:\n  - mlflow\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "channels:\n- defaults\n", "channels:\n- conda-forge\n- nodefaults\n", id="replaced",
        ),
        pytest.param(
            "channels:\n- conda-forge\n", "channels:\n- conda-forge\n- nodefaults\n", id="nodefaults added",
        ),
        pytest.param(
            "channels:\n  - defaults\n  - conda-forge # free\n",
            "channels:\n  - conda-forge # free\n  - nodefaults\n",
            id="folded into the line that is right",
        ),
        pytest.param(
            "channels:\n  - anaconda\n  - pytorch\n  - conda-forge\n  - nodefaults\n",
            "channels:\n  - conda-forge\n  - pytorch\n  - nodefaults\n",
            id="order kept",
        ),
        pytest.param(
            "channels:\n  # ours\n  - main  # licensed\n  - r   # gone\n",
            "channels:\n  # ours\n  - conda-forge  # licensed\n  - nodefaults\n  # gone\n",
            id="comments stay",
        ),
        pytest.param(
            "channels:\n- 'defaults'\n- \"pkgs/main\"\n",
            "channels:\n- 'conda-forge'\n- nodefaults\n",
            id="quotes stay",
        ),
        pytest.param(
            "channels: [defaults]\n", "channels: [conda-forge, nodefaults]\n", id="in brackets",
        ),
        pytest.param(
            "channels: [ defaults, 'anaconda' , pytorch,conda-forge ]  # x\n",
            "channels: [ conda-forge , pytorch, nodefaults ]  # x\n",
            id="in brackets, folded",
        ),
        pytest.param(
            "channels: [defaults, conda-forge]\n", "channels: [conda-forge, nodefaults]\n", id="in brackets, first goes",
        ),
        pytest.param("channels: defaults\n", "channels: [conda-forge, nodefaults]\n", id="no list"),
        pytest.param("channels: []\n", "channels: [conda-forge, nodefaults]\n", id="empty list"),
        pytest.param("channels:\n", "channels: [conda-forge, nodefaults]\n", id="no value"),
        pytest.param("channels: null # none\n", "channels: [conda-forge, nodefaults] # none\n", id="null"),
        pytest.param("name: x\n", "name: x\nchannels:\n  - conda-forge\n  - nodefaults\n", id="no key"),
        pytest.param(
            "name: x\n# all of it\n",
            "name: x\nchannels:\n  - conda-forge\n  - nodefaults\n# all of it\n",
            id="no key, comment",
        ),
        pytest.param(
            "# the file's\n", "# the file's\nchannels:\n  - conda-forge\n  - nodefaults\n", id="no key, header",
        ),
        pytest.param(
            "channels:\n- https://repo.anaconda.com/pkgs/main/\n- https://conda.anaconda.org/conda-forge\n",
            "channels:\n- https://conda.anaconda.org/conda-forge\n- nodefaults\n",
            id="urls",
        ),
        pytest.param("channels:\n- conda-forge\n- nodefaults\n", None, id="nothing to do"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_channels(tmp_path: Path, before: str, after: str | None, newline: str, mark: bytes) -> None:
    content, wanted = (
        mark + (f"# ä\n{part}{DEPENDENCIES}").replace("\n", newline).encode()
        for part in (before, after or before)
    )
    edits = edits_of(written(tmp_path, conda=content))
    if after is None:
        assert edits == ()
        return
    (edit,) = edits
    assert edit.after == wanted
    assert edit.skipped == ()
    written(tmp_path, conda=edit.after)
    assert not {f.code for f in read_model(tmp_path).findings} & CHANNEL_CODES
    assert edits_of(tmp_path) == ()


def test_the_last_line_keeps_having_no_line_end(tmp_path: Path) -> None:
    (edit,) = edits_of(
        written(tmp_path, conda="dependencies:\n- numpy\nchannels:\n- conda-forge\n- defaults")
    )
    assert edit.after == b"dependencies:\n- numpy\nchannels:\n- conda-forge\n- nodefaults"
    assert unified_diff(edit) == (
        "--- a/conda.yaml\n+++ b/conda.yaml\n@@ -2,4 +2,4 @@\n - numpy\n channels:\n - conda-forge\n"
        "-- defaults\n\\ No newline at end of file\n+- nodefaults\n\\ No newline at end of file\n"
    )


def test_a_file_in_braces(tmp_path: Path) -> None:
    (edit,) = edits_of(written(tmp_path, conda="{name: x, dependencies: [python=3.8, defaults::numpy]}\n"))
    assert edit.after == (
        b"{name: x, channels: [conda-forge, nodefaults], dependencies: [python=3.8, conda-forge::numpy]}\n"
    )


SPECS = """channels:
- defaults   # licensed
- conda-forge
dependencies:
# the interpreter
- python=3.9.7=h12debd9_1
- "defaults::pandas>=1.0.0" # quoted
- numpy=1.21.2=py39h20f2e39_0
- blas=*=*mkl*
- pip=21.2.4=py39h06a4308_0
- pip:
  - mlflow
  - torch==1.9.0+cu102  # cuda
  - 'werkzeug=3.0.3'
  - sklearn==0.24.1
"""
SPECS_AFTER = """channels:
# licensed
- conda-forge
- nodefaults
dependencies:
# the interpreter
- python==3.9.7
- "conda-forge::pandas>=1.0.0" # quoted
- numpy==1.21.2
- blas=*=*mkl*
- pip==21.2.4
- pip:
  - mlflow
  - torch==1.9.0  # cuda
  - 'werkzeug==3.0.3'
  - scikit-learn==0.24.1
"""


def test_dependencies_and_pip_lines(tmp_path: Path) -> None:
    (edit,) = edits_of(written(tmp_path, conda=SPECS))
    assert edit.after.decode() == SPECS_AFTER
    assert sorted({change.code for change in edit.changes}) == [
        "channel/implicit-defaults",
        "channel/restricted",
        "pin/dummy-package",
        "pin/local-version",
        "rewrite/build-string",
        "rewrite/single-equals",
    ]
    assert "python=3.9.7=h12debd9_1 is written python==3.9.7" in {c.message for c in edit.changes}
    before = rewrite(read_model(tmp_path)).spec_id
    assert rewrite(read_model(written(tmp_path, conda=edit.after))).spec_id == before


def test_both_files_are_repaired_alike(tmp_path: Path) -> None:
    lines = b"# frozen\r\nmlflow\r\ntorch==1.9.0+cu102 ; python_version > '3' # x\r\nsklearn\r\nscikit-learn==0.24"
    conda = "channels: [conda-forge, nodefaults]\ndependencies: [{pip: [sklearn]}]\n"
    edits = edits_of(written(tmp_path, requirements=lines, conda=conda))
    assert {edit.path: edit.after for edit in edits} == {
        "requirements.txt": (
            b"# frozen\r\nmlflow\r\ntorch==1.9.0 ; python_version > '3' # x\r\nscikit-learn==0.24"
        ),
        # The line cannot go from between the brackets.
        "conda.yaml": conda.encode(),
    }
    assert [[c.code for c in edit.skipped] for edit in edits if edit.path == "conda.yaml"] == [
        ["pin/dummy-package"]
    ]


@pytest.mark.parametrize(
    "conda",
    [
        "channels: &all\n- &d defaults\n- *d\n- pytorch\ndependencies:\n- numpy\n",
        "channels:\n- >-\n  defaults\ndependencies:\n- numpy\n",
        'channels:\n- "def\\x61ults"\ndependencies:\n- numpy\n',
        "channels:\n- conda-forge\n- nodefaults\ndependencies:\n- >-\n  defaults::numpy\n",
    ],
)
def test_what_cannot_be_edited_safely_is_told_and_left(tmp_path: Path, conda: str) -> None:
    (edit,) = edits_of(written(tmp_path, conda=conda))
    assert edit.after == edit.before
    assert "channel/restricted" in {change.code for change in edit.skipped}
    assert edit.changes == ()


def test_the_model_is_never_written_to(tmp_path: Path) -> None:
    written(tmp_path, conda=SPECS)
    edits_of(tmp_path)
    assert (tmp_path / "conda.yaml").read_text() == SPECS


def test_the_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    (edit,) = edits_of(written(tmp_path, conda=SPECS.replace("\n", "\r\n")))
    (tmp_path / "x.diff").write_bytes(unified_diff(edit).encode())
    argv = ["git", "apply", "--unsafe-paths", f"--directory={tmp_path}", "-p1", "x.diff"]
    subprocess.run(argv, check=True, cwd=tmp_path)
    assert (tmp_path / "conda.yaml").read_bytes() == edit.after


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus lies outside the repository")
def test_every_real_model_reads_without_channel_findings_afterwards(tmp_path: Path) -> None:
    edited = 0
    for number, folder in enumerate(sorted(CORPUS.glob("*/*"))):
        try:
            first = rewrite(read_model(folder))
        except EnvbuilderError:
            continue
        copy = shutil.copytree(folder, tmp_path / str(number))
        for edit in rewrite_files(first):
            assert edit.skipped == ()
            (copy / edit.path).write_bytes(edit.after)
            edited += 1
        again = rewrite(read_model(copy))
        assert not {f.code for f in again.spec.findings} & CHANNEL_CODES, folder
        assert rewrite_files(again) == (), folder
        assert again.spec_id == first.spec_id, folder
    assert edited > 150
