"""The proof that a tree runs elsewhere: it does, in a place where it was not made, and touches nothing of the old one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from envbuilder.builder.installer import building_variables
from envbuilder.builder.proof import QUIET
from envbuilder.exports.result import ExportError
from envbuilder.process import neutral_directory, run
from envbuilder.redact import excerpt, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envbuilder.settings import Settings

SECONDS: Final = 300.0
_LONGEST: Final = 4 * 1024 * 1024

SCRIPT: Final = """
import importlib, json, os, sys, traceback
result, names = sys.argv[1], sys.argv[2:]
for name in names:
    importlib.import_module(name)
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
files = [name for name in files if isinstance(name, str)]
try:
    with open("/proc/self/maps", errors="surrogateescape") as maps:
        files += [line.split(None, 5)[5].rstrip("\\n") for line in maps if line.count("/")]
except (OSError, IndexError):
    pass
with open(result, "w") as stream:
    json.dump({"prefix": os.path.realpath(sys.prefix), "files": sorted(set(map(os.path.realpath, files)))}, stream)
"""
"""Runs on every Python from 3.6. What is loaded is asked of the system, not of Python alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What is to be tried in a tree. Nothing of the ``forbidden`` folders may be loaded."""

    tree: Path
    imports: Sequence[str]
    forbidden: Sequence[Path]
    settings: Settings
    scratch: Path

    def unpack(self) -> None:
        """Tell a tree of conda packages its place, as its user will. Raises ExportError."""
        with neutral_directory(self.scratch) as directory:
            done = run(
                [str(self.tree / "bin" / "conda-unpack")],
                directory=directory,
                variables=building_variables(self.settings),
                seconds=SECONDS,
            )
        if not done.ok:
            raise _broken("its files cannot be told where they are", done.tail())

    def run(self) -> None:
        """Start the tree's Python and import. Raises ExportError (``export/not-relocatable``)."""
        with neutral_directory(self.scratch) as directory:
            result = directory / "result.json"
            argv = [str(self.tree / "bin" / "python"), "-I", "-B", "-c", SCRIPT, str(result), *self.imports]
            variables = building_variables(self.settings) | QUIET
            done = run(argv, directory=directory, variables=variables, seconds=SECONDS)
            if not done.ok:
                raise _broken("it does not run where it was not made", done.tail())
            try:
                with result.open("rb") as stream:
                    told = json.loads(stream.read(_LONGEST))
                prefix, files = str(told["prefix"]), [str(name) for name in told["files"]]
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                raise _broken("its Python does not tell what it loaded", "") from None
        if prefix != str(self.tree.resolve()):
            raise _broken(f"its Python takes {excerpt(prefix)} for its place", "")
        for name in files:
            if any(name.startswith(f"{folder}/") for folder in self.forbidden):
                raise _broken(f"it loads {excerpt(visible(name))}, from the place where it was made", "")


def _broken(what: str, detail: str) -> ExportError:
    return ExportError(
        what,
        code="export/not-relocatable",
        detail=detail,
        hint="export the lock, which is installed anew where it arrives",
    )
