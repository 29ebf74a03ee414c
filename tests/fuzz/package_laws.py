"""What must hold for what a stranger's package holds: its archive, its metadata, its licence expression;
and for what a channel says of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

from envbuilder.archives.inspection import Form, inspect_archive
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.channels import restricted
from envbuilder.conda.gate import refuse
from envbuilder.conda.questions import Source
from envbuilder.conda.records import read_record
from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.evidence import evidence_of
from envbuilder.licensing.expression import LONGEST, Malformed, read_expression
from envbuilder.licensing.metadata import read_metadata
from envbuilder.licensing.pyproject import project_metadata
from envbuilder.licensing.setuptools_requires import read_requires
from tests.fuzz.judging import bounded, hold, told

FORMS = tuple(Form)

CHANNEL = "https://conda.anaconda.org/conda-forge"

RECORD = {
    "name": "a", "version": "1.0", "build": "0", "subdir": "noarch", "fn": "a-1.0-0.conda",
    "url": f"{CHANNEL}/noarch/a-1.0-0.conda", "channel": CHANNEL, "sha256": "0" * 64,
}  # fmt: skip
"""What a record says that does not say otherwise."""


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


def channel_record(content: bytes, folder: Path) -> None:
    """A record of a channel's list is a package or none; what passes the gate is its channel's, and free.

    Its channel is the one that was asked for, so that the gate has to judge the rest.
    """
    try:
        record = json.loads(content)
        if isinstance(record, dict):
            record = {**RECORD, **record}
        package = read_record(record)
    except (ValueError, RecursionError):
        return
    except EnvbuilderError as error:
        told(error)
        return
    try:
        refuse([package], [Source(channel=CHANNEL)])
    except EnvbuilderError as error:
        told(error)
        return
    hold(package.channel == CHANNEL, "another channel", package.channel)
    hold(package.url.secret.startswith(f"{CHANNEL}/"), "another place", package.url.secret)
    hold(not restricted(package.url.secret), "a licensed channel", package.url.secret)
    steps = unquote(package.url.secret.removeprefix(CHANNEL)).split("/")
    hold(len(steps) == 3 and not {"", ".", ".."} & set(steps[1:]), "steps", package.url.secret)
