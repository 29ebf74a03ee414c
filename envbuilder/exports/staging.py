"""An environment laid out once more in another place, with nothing in it that names the first one.

Without an interpreter it is the virtual environment as it is. With one the two become a single prefix: the
interpreter finds its library by its own place, and no ``pyvenv.cfg``, whose paths are absolute, is needed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.exports.elf import read_elf, replace_path
from envbuilder.exports.result import ExportError
from envbuilder.exports.shebangs import relocated_script
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.environment import Interpreter

LEFT_OUT: Final = ("ensurepip", "idlelib", "test", "tkinter", "turtledemo")
"""Of the standard library: what serves installing, testing and windows."""
_NOT_OURS: Final = ("site-packages", "dist-packages", "__pycache__", "EXTERNALLY-MANAGED", *LEFT_OUT)

CONDA_UNPACK: Final = """\
#!/bin/sh
# For programs that expect an environment of conda-pack: here no file names a place, so nothing is to be done.
exit 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staging:
    """Lays an environment out in ``tree``, an empty folder on the store's disk."""

    prefix: Path
    tree: Path
    interpreter: Interpreter
    included: bool

    @property
    def base(self) -> Path:
        """The interpreter's own prefix."""
        return self.interpreter.binary.parent.parent

    @property
    def library(self) -> str:
        """The folder of Python's modules, relative to a prefix."""
        return f"lib/python{'.'.join(self.interpreter.version.split('.')[:2])}"

    def lay_out(self) -> None:
        """Write the whole tree. Raises ExportError where it would not run elsewhere, OSError."""
        self._environment()
        if self.included:
            self._refuse_base()
            self._interpreter()
            detach(self.tree, self.base)
        write_unpack(self.tree, CONDA_UNPACK)

    def _environment(self) -> None:
        # Bytecode of Python 3.6 names its source's time, which an archive of fixed times does not keep.
        skipped = {FOLDER} | ({"__pycache__"} if self.interpreter.release < (3, 7) else set())
        skipped |= {"pyvenv.cfg"} if self.included else set()
        for path in walk(self.prefix, skipped):
            place = self.tree / path.relative_to(self.prefix)
            if self.included and path.parent == self.prefix / "bin" and path.is_symlink():
                continue
            if path.parent == self.prefix / "bin" and not path.is_symlink():
                write_script(path, place)
            else:
                place_file(path, place)

    def _refuse_base(self) -> None:
        why = ""
        if self.interpreter.source == "conda":
            why = "is conda's, which shares its libraries with other packages"
        elif self.base in (Path("/"), Path("/usr")):
            why = "is the system's own, spread over the system's folders"
        elif not (self.base / self.library / "os.py").is_file():
            why = "has its library in another place than beside itself"
        elif self.interpreter.platform.startswith("macos") and self.interpreter.source != "uv":
            why = "was built for one place"
        if why:
            raise ExportError(
                f"the interpreter {self.interpreter.binary} {why}",
                code="export/not-relocatable",
                hint="leave --interpreter out, export the lock, or build with a Python of uv or pyenv",
            )

    def _interpreter(self) -> None:
        """Copy the interpreter, its library and what it links; never hardlinks, since files are edited."""
        binary = self.interpreter.binary
        _copy(binary, self.tree / "bin" / binary.name)
        for name in ("python", "python3", f"python{self.library.removeprefix('lib/python')}"):
            place = self.tree / "bin" / name
            if not os.path.lexists(place):
                place.symlink_to(binary.name)
        for library in sorted((self.base / "lib").glob("libpython*")):
            if ".so" in library.name or library.suffix == ".dylib":
                _copy(library, self.tree / "lib" / library.name)
        for folder in (self.library, f"include/{self.library.removeprefix('lib/')}"):
            for path in walk(self.base / folder, set(_NOT_OURS)):
                inner = path.relative_to(self.base)
                if not (inner.parts[2].startswith("config-") or inner.name.startswith("_tkinter.")):
                    _copy(path, self.tree / inner)


def write_unpack(tree: Path, text: str) -> None:
    """Write the program that programs which expect conda-pack's layout call. Raises OSError."""
    conda = tree / "bin" / "conda-unpack"
    conda.write_text(text)
    conda.chmod(0o755)


def detach(tree: Path, base: Path) -> None:
    """Replace ``base``, an old place, where the loader of Linux is told to look. Raises ExportError, OSError."""
    for path in walk(tree, set()):
        elf = None if path.is_symlink() or not path.is_file() else read_elf(path)
        if elf is None or str(base) not in elf.path:
            continue
        parts = [_moved(part, path, tree, base) for part in elf.path.split(":")]
        _unshare(path)
        if not replace_path(path, elf, ":".join(parts)):
            raise ExportError(
                f"{path.relative_to(tree)} finds its libraries by a path that cannot be replaced",
                code="export/not-relocatable",
                hint="leave --interpreter out, or build with a Python that uv manages",
            )


def _moved(folder: str, path: Path, tree: Path, base: Path) -> str:
    """Return a folder below ``base`` as seen from a file (ld.so(8): ``$ORIGIN``); others as they are."""
    inner = os.path.relpath(folder, base)
    if not folder.startswith("/") or inner.startswith(".."):
        return folder
    return os.path.join("$ORIGIN", os.path.relpath(tree / inner, path.parent))  # noqa: PTH118


def walk(top: Path, skipped: set[str]) -> Iterator[Path]:
    """Yield files and links, sorted, but for what has one of these names."""
    for folder, folders, names in os.walk(top):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
        folders[:] = sorted(name for name in folders if name not in skipped and name not in links)
        yield from (Path(folder, name) for name in sorted([*names, *links]) if name not in skipped)


def write_script(path: Path, place: Path) -> None:
    """Copy a program; one of Python starts the Python beside it. Raises OSError."""
    content = path.read_bytes()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(relocated_script(content))
    place.chmod(stat.S_IMODE(path.stat().st_mode) | 0o200)


def place_file(path: Path, place: Path) -> None:
    """Give a file of the store a second name, or copy it where that cannot be."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        with contextlib.suppress(OSError):
            os.link(path, place)
            return
    _copy(path, place)


def _copy(path: Path, place: Path) -> None:
    """Copy a file, or a link as a link."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, place, follow_symlinks=False)
    if not place.is_symlink():
        place.chmod(stat.S_IMODE(place.stat().st_mode) | 0o200)


def _unshare(path: Path) -> None:
    """Make a file our own before it is edited: the store has it under another name."""
    copy = path.with_name(f".{path.name}.own")
    shutil.copy2(path, copy)
    copy.chmod(stat.S_IMODE(copy.stat().st_mode) | 0o200)
    copy.replace(path)
