"""What must hold for what a stranger's package holds: its archive, its metadata, its licence expression."""

from __future__ import annotations

from pathlib import Path

from envbuilder.archives.inspection import Form, inspect_archive
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.evidence import evidence_of
from envbuilder.licensing.expression import LONGEST, Malformed, read_expression
from envbuilder.licensing.metadata import read_metadata
from envbuilder.licensing.pyproject import project_metadata
from envbuilder.licensing.setuptools_requires import read_requires
from tests.fuzz.judging import bounded, hold, told

FORMS = tuple(Form)


def archive(content: bytes, folder: Path) -> None:
    """An archive, whose form the first byte chooses, is refused or unpacked; nothing lands anywhere else."""
    if not content:
        return
    form = FORMS[content[0] % len(FORMS)]
    path = folder / f"a-1.0{'-0' if form is Form.CONDA else ''}{form.value}"
    path.write_bytes(content[1:])
    try:
        with bounded("looking through an archive"):
            looked = inspect_archive(path)
        with bounded("unpacking an archive"):
            unpacked = unpack_archive(path, folder / "out")
    except EnvbuilderError as error:
        told(error)
        hold(not (folder / "out").exists(), "a refused archive is unpacked", path.name)
        return
    hold(looked == unpacked, "looked and unpacked", looked, unpacked)
    hold({*folder.iterdir()} == {path, folder / "out"}, "outside", [*folder.iterdir()])
    root = (folder / "out").resolve()
    for found in root.rglob("*"):
        hold(found.resolve().is_relative_to(root), "a link leads out", found)


def metadata(content: bytes, folder: Path) -> None:
    """Metadata of any bytes is evidence of something; an expression that is read is read as itself again."""
    with bounded("reading metadata"):
        evidence_of(read_metadata(content))
    project_metadata(content, "a")
    read_requires(content)
    text = content.decode("utf-8", "replace")
    with bounded("reading an expression"):
        found = read_expression(text)
    if not isinstance(found, Malformed) and len(str(found)) <= LONGEST:
        hold(read_expression(str(found)) == found, "an expression", text, str(found))
