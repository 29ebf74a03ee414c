"""What a kind of package has to keep to, beyond what every archive has to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from envbuilder.archives.startup import PTH, below_site, startup_code
from envbuilder.findings import Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.archives.faults import Faults
    from envbuilder.archives.members import MemberKind

PTH_HINT = "look what it does, or replace the package"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A member that was admitted. ``size`` is in bytes."""

    path: str
    kind: MemberKind
    size: int
    content: bytes | None = None
    """All of it, where the judge wants it and it is not too large."""
    sha256: bytes | None = None
    """The digest, where the judge hashes."""


class Judge(Protocol):
    """Looks at each member of a package, then at the whole."""

    hashes: bool

    def wants(self, path: str) -> bool:
        """Whether the content of a file is needed."""

    def see(self, seen: Seen) -> None:
        """Look at one member."""

    def finish(self) -> None:
        """Look at what can only be told at the end."""


class PlainJudge:
    """Source distributions and archives of any other kind: only what would run at start-up is told."""

    hashes = False

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def wants(self, path: str) -> bool:  # noqa: ARG002
        """Nothing."""
        return False

    def see(self, seen: Seen) -> None:
        """Tell of path files anywhere: where a build puts them is its own choice."""
        if seen.path.lower().endswith(".pth"):
            tell_startup(self._faults, PTH, seen.path)
        elif code := startup_code(_in_a_source_tree(seen.path)):
            tell_startup(self._faults, code, seen.path)

    def finish(self) -> None:
        """Nothing."""


def _in_a_source_tree(path: str) -> str:
    """Return what a source tree's layout would install: below ``NAME-VERSION/`` or ``NAME-VERSION/src/``."""
    return path.partition("/")[2].removeprefix("src/")


def tell_startup(faults: Faults, code: str, path: str) -> None:
    """Tell of a file that runs when Python starts."""
    what = "is read by every Python that starts" if code == PTH else "is imported by every Python that starts"
    faults.add(code, f"{excerpt(path)} {what}", level=Level.NOTE, subject=path, hint=PTH_HINT)


def tell_site(faults: Faults, path: str) -> None:
    """Tell of a file below a site folder, if it runs when Python starts."""
    rest = below_site(path)
    if rest is not None and (code := startup_code(rest)):
        tell_startup(faults, code, path)
