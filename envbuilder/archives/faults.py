"""Gathering what is wrong with an archive, until all of it is known or no more can be read."""

from __future__ import annotations

import contextlib
import lzma
import zlib
from typing import TYPE_CHECKING, Final, NoReturn

from envbuilder.archives.limits import Limits, TooLarge
from envbuilder.errors import BuildError
from envbuilder.findings import Finding, Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

CURES: Final = {
    "archive/path-escape": "do not install it; ask who published it, and lock another release",
    "archive/link": "do not install it; ask who published it, and lock another release",
    "archive/script-path": "do not install it; ask who published it, and lock another release",
    "archive/special-file": "do not install it; ask who published it, and lock another release",
    "archive/too-large": "do not unpack it; a real package is far below these limits",
    "archive/duplicate-member": "unpack it by hand and look at both; tools differ in which one they take",
    "archive/malformed": "fetch it again; if it stays so, lock another release",
    "archive/name-mismatch": "lock another release, or ask who published it",
    "archive/record": "compare it with the package's other files; the sha256 of the lock covers all of it",
}

_ORDER: Final = tuple(CURES)
"""The weightiest first: an error has the code of its first finding."""


class ArchiveRefused(BuildError):
    """An archive was refused before anything of it was written. ``findings`` are all, the refusals first."""

    default_code = "archive/malformed"

    def __init__(self, archive: str, findings: tuple[Finding, ...]) -> None:
        refusals = [finding for finding in findings if finding.refuses]
        first, *others = refusals
        super().__init__(
            f"{archive}: {first.message}",
            code=first.code,
            hint=first.hint,
            detail="\n".join(f"{finding.code}: {finding.message}" for finding in others),
        )
        self.archive = archive
        self.refusals = tuple(refusals)
        self.findings = self.refusals + tuple(finding for finding in findings if not finding.refuses)


class Stopped(Exception):
    """No more of the archive can be read; why is among the faults."""


class Faults:
    """The findings of one archive, in the order of their weight."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.findings
        self._found: dict[tuple[str, str], Finding] = {}

    def add(
        self, code: str, message: str, *, level: Level = Level.ERROR, subject: str = "", hint: str = ""
    ) -> None:
        """Keep a finding; the first ones suffice where there are very many."""
        hint = hint or CURES.get(code, "")
        self.keep(Finding(code=code, level=level, message=message, subject=subject, hint=hint))

    def keep(self, finding: Finding) -> None:
        """Keep a finding as it is."""
        if len(self._found) < self._limit or finding.code not in {code for code, _ in self._found}:
            self._found.setdefault((finding.code, finding.message), finding)

    def stop(self, code: str, message: str) -> NoReturn:
        """Keep a finding after which no more can be read. Raises Stopped."""
        self.add(code, message)
        raise Stopped

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All, the refusals first."""
        return tuple(sorted(self._found.values(), key=_weight))

    @property
    def refused(self) -> bool:
        """Whether any of them refuses the archive."""
        return any(finding.refuses for finding in self._found.values())

    def raise_if_refused(self, archive: str) -> None:
        """Raise ArchiveRefused if any of them refuses the archive."""
        if self.refused:
            raise ArchiveRefused(excerpt(archive, 200), self.findings)


def _weight(finding: Finding) -> tuple[bool, int]:
    return not finding.refuses, _ORDER.index(finding.code) if finding.code in _ORDER else len(_ORDER)


@contextlib.contextmanager
def gathered(faults: Faults) -> Iterator[None]:
    """Make whatever the libraries below raise on bad bytes a fault; real errors of the disk pass. Ends quietly."""
    try:
        yield
    except Stopped:
        pass
    except TooLarge as error:
        faults.add("archive/too-large", str(error))
    except (EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        faults.add("archive/malformed", f"it is damaged or cut off: {excerpt(str(error))}")
    except OSError as error:
        if error.errno is not None:
            raise
        faults.add("archive/malformed", f"it is damaged: {excerpt(str(error))}")
    except Exception as error:
        # zstd's own error has another home in each library.
        if type(error).__name__ != "ZstdError":
            raise
        faults.add("archive/malformed", f"it is damaged: {excerpt(str(error))}")
