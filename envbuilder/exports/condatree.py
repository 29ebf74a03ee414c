"""An environment of conda packages laid out once more, to run wherever it is unpacked.

Its Python finds everything by its own place. Files whose packages say that they name their place get the
package's placeholder back; ``conda-unpack``, run once where the tree has come to stand, writes the new place
there. What else named the old place is bytecode of such files, which goes, and first lines of scripts.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from envbuilder.exports.placeholders import RECORDS, Placed, placed_files, portable_record, restored
from envbuilder.exports.shebangs import BESIDE, relocated_script
from envbuilder.exports.staging import detach, place_file, walk, write_unpack
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

PLACES: Final = "places.json"
"""Which files name their place, for ``conda-unpack``."""

CONDA_UNPACK: Final = """\
import json, os, re, sys

prefix = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
listing = os.path.join(prefix, "@FOLDER@", "@PLACES@")


def write(path, content):
    unfinished = path + ".unpacking"
    with open(unfinished, "wb") as stream:
        stream.write(content)
    os.chmod(unfinished, os.stat(path).st_mode)
    os.replace(unfinished, path)


def placed(content, old, new, binary):
    if not binary:
        return content.replace(old, new)

    def shrink(found):
        text = found.group()
        return text.replace(old, new) + b"\\0" * (len(old) - len(new)) * text.count(old)

    return re.sub(re.escape(old) + b"[^\\\\0]*", shrink, content)


def main():
    if not os.path.exists(listing):
        return
    with open(listing) as stream:
        files = json.load(stream)
    new = os.fsencode(prefix)
    short = min([len(item["placeholder"]) for item in files if item["binary"]] or [len(new)])
    if len(new) > short:
        sys.exit("conda-unpack: the path of this folder is longer than %d bytes: move it, then try again" % short)
    for item in files:
        path = os.path.join(prefix, item["path"])
        with open(path, "rb") as stream:
            content = stream.read()
        write(path, placed(content, item["placeholder"].encode(), new, item["binary"]))
    os.remove(listing)


main()
"""
"""Runs on the tree's own Python, from 3.6. Killed in between it can be run again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaStaging:
    """Lays an environment of conda packages out in ``tree``, an empty folder on the store's disk."""

    prefix: Path
    tree: Path

    def lay_out(self) -> int:
        """Write the whole tree; return how many of its files name their place, which ``conda-unpack`` tells them.

        Raises ExportError where it would not run elsewhere, OSError.
        """
        placed = {item.path: item for item in placed_files(self.prefix)}
        stale = {_bytecode(path) for path in placed if path.endswith(".py")}
        left = [
            listed
            for path in walk(self.prefix, {FOLDER})
            if not self._useless(path, stale) and (listed := self._place(path, placed))
        ]
        detach(self.tree, self.prefix)
        (self.tree / FOLDER).mkdir()
        if left:
            self._write_places(left)
        text = CONDA_UNPACK.replace("@FOLDER@", FOLDER).replace("@PLACES@", PLACES)
        write_unpack(self.tree, BESIDE.decode() + text)
        return len(left)

    def _useless(self, path: Path, stale: set[str]) -> bool:
        """Whether a file is bytecode with the old place in it, or that goes by its module's time, which is lost."""
        if path.suffix != ".pyc":
            return False
        inner = path.relative_to(self.prefix)
        return f"{inner.parent.as_posix()}/{path.name.partition('.')[0]}." in stale or _timed(path)

    def _place(self, path: Path, placed: dict[str, Placed]) -> Placed | None:
        """Write a file or a link; return what ``conda-unpack`` has to know of it."""
        inner = path.relative_to(self.prefix)
        place = self.tree / inner
        listed = placed.get(inner.as_posix())
        if path.is_symlink():
            self._link(path, place)
        elif inner.parts[0] == RECORDS and path.suffix == ".json":
            _write(path, place, portable_record(path))
        elif listed is not None or inner.parts[0] == "bin":
            return self._write(path, place, listed)
        else:
            place_file(path, place)
        return None

    def _link(self, path: Path, place: Path) -> None:
        """Write a link, to the same place as seen from itself where it leads into the environment."""
        target = os.readlink(path)  # noqa: PTH115 - a text
        if target.startswith(f"{self.prefix}/"):
            target = os.path.relpath(target, path.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def _write(self, path: Path, place: Path, listed: Placed | None) -> Placed | None:
        """Write a program, or a file that names its place."""
        content = path.read_bytes()
        old = os.fsencode(self.prefix)
        if not content.startswith(b"\x7fELF"):
            content = relocated_script(content)
        if listed is None and old in content and b"\0" not in content:
            listed = Placed(
                path=place.relative_to(self.tree).as_posix(),
                placeholder=_PLACEHOLDER,
                binary=False,
                sha256="",
            )
        if listed is None or old not in content:
            _write(path, place, content)
            return None
        _write(path, place, restored(content, listed, old))
        return listed

    def _write_places(self, left: list[Placed]) -> None:
        files = [{"path": item.path, "placeholder": item.placeholder, "binary": item.binary} for item in left]
        (self.tree / FOLDER / PLACES).write_text(json.dumps(files, indent=1) + "\n", encoding="ascii")


_PLACEHOLDER: Final = "/envbuilder_placeholder" + "_pad" * 58
"""For texts that no package lists."""


def _write(path: Path, place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _bytecode(path: str) -> str:
    """Return how the names of a module's bytecode begin (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}."


def _timed(path: Path) -> bool:
    """Whether bytecode is good for one time of its module alone: all of Python 3.6, later by a flag (PEP 552)."""
    with path.open("rb") as stream:
        header = stream.read(5)
    return path.name.endswith(".cpython-36.pyc") or len(header) < 5 or not header[4] & 1
