"""What a conda package runs on its own: scripts at linking and at activation; and the paths that it lists."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Final

from envbuilder.archives.faults import Faults
from envbuilder.archives.judging import PlainJudge, Seen, tell_site
from envbuilder.archives.limits import Limits, TooLarge
from envbuilder.archives.members import MemberKind
from envbuilder.archives.names import checked
from envbuilder.archives.scripts import check_script
from envbuilder.findings import Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator


INDEX: Final = "info/index.json"
_PATHS: Final = "info/paths.json"
_FILES: Final = "info/files"
_LINK: Final = "info/link.json"
_LINK_SCRIPT: Final = re.compile(
    r"(bin|scripts|python-scripts)/\.[^/]*-(pre|post)-(un)?link\.(sh|bat)", re.IGNORECASE
)
_ACTIVATE: Final = re.compile(r"etc/conda/((de)?activate|env_vars)\.d/[^/]+", re.IGNORECASE)


class CondaJudge:
    """Judges one conda package, old or new."""

    hashes = False

    def __init__(self, faults: Faults, limits: Limits) -> None:
        self._faults = faults
        self._limits = limits
        self._files: set[str] = set()
        self._contents: dict[str, bytes] = {}

    def wants(self, path: str) -> bool:
        """The lists of files and of scripts to be made."""
        return path in (_PATHS, _FILES, _LINK)

    def see(self, seen: Seen) -> None:
        """Look at one member."""
        if seen.kind is MemberKind.FOLDER:
            return
        self._files.add(seen.path)
        if seen.content is not None:
            self._contents[seen.path] = seen.content
        if _LINK_SCRIPT.fullmatch(seen.path):
            self._tell(
                "build/link-script", seen.path, "runs when the package is installed or removed", _NOT_RUN
            )
        elif _ACTIVATE.fullmatch(seen.path):
            self._tell(
                "build/activate-script", seen.path, "acts when the environment is activated", _NOT_ACTIVATED
            )
        tell_site(self._faults, seen.path)

    def _tell(self, code: str, path: str, acts: str, hint: str) -> None:
        self._faults.add(code, f"{excerpt(path)} {acts}", level=Level.NOTE, subject=path, hint=hint)

    def finish(self) -> None:
        """Look at the lists: installers go by them, not by the members."""
        for name in self._scripts():
            check_script(name, faults=self._faults, where=_LINK)
        for number, name in enumerate(self._listed()):
            if number > 2 * self._limits.members:
                raise TooLarge(f"its lists name more than {self._limits.members} files")
            parts = checked(name, faults=self._faults, limits=self._limits, what="the listed file")
            if parts and "/".join(parts) not in self._files:
                self._faults.add(
                    "archive/record",
                    f"its list names {excerpt(name)!r}, which is not there",
                    level=Level.WARNING,
                )

    def _scripts(self) -> Iterator[str]:
        match _json(self._contents.get(_LINK, b"{}")):
            case {"noarch": {"entry_points": [*lines]}}:
                yield from (str(line).partition("=")[0].strip() for line in lines)

    def _listed(self) -> Iterator[str]:
        for line in io.BytesIO(self._contents.get(_FILES, b"")):
            if name := line.decode("utf-8", "surrogateescape").strip("\r\n"):
                yield name
        match _json(self._contents.get(_PATHS, b"{}")):
            case {"paths": [*items]}:
                for item in items:
                    match item:
                        case {"_path": str(path)}:
                            yield path


class OldCondaJudge:
    """Judges a ``.tar.bz2``, which may be a conda package of the old format or a source distribution.

    Which of them it is can stand anywhere in it, so both judges look, and one of them is heard.
    """

    hashes = False

    def __init__(self, faults: Faults, limits: Limits) -> None:
        self._faults = faults
        self._as_conda, self._as_plain = Faults(limits), Faults(limits)
        self._conda = CondaJudge(self._as_conda, limits)
        self._plain = PlainJudge(self._as_plain)
        self._is_conda = False

    def wants(self, path: str) -> bool:
        """What a conda package's judge wants."""
        return self._conda.wants(path)

    def see(self, seen: Seen) -> None:
        """Look at one member in both ways."""
        self._is_conda |= seen.path == INDEX
        self._conda.see(seen)
        self._plain.see(seen)

    def finish(self) -> None:
        """Keep what the right judge found."""
        if self._is_conda:
            self._conda.finish()
        for finding in (self._as_conda if self._is_conda else self._as_plain).findings:
            self._faults.keep(finding)


_NOT_RUN = "envbuilder never runs it; see whether the package works without"
_NOT_ACTIVATED = "envbuilder starts the interpreter directly; see whether the package works without"


def _json(content: bytes) -> object:
    """Return what a JSON file holds. Raises ValueError."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("a list of its files is nested too deep") from None
