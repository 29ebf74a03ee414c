"""Reading single files out of a wheel, which may be on a server: only what is read of it is fetched."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from typing import IO

from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.metadata import LONGEST
from envbuilder.redact import excerpt


def from_zip(stream: IO[bytes], wanted: Callable[[list[str]], str | None]) -> bytes | None:
    """Return the file that ``wanted`` picks from the archive's names, at most one byte more than LONGEST.

    None if it picks none. Raises EnvbuilderError (``license/unreadable``) for an archive that is none.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            name = wanted(archive.namelist())
            if name is None:
                return None
            with archive.open(name) as member:
                return member.read(LONGEST + 1)
    except EnvbuilderError:
        raise
    except Exception as error:  # struct.error, zlib.error, NotImplementedError, RuntimeError and others
        raise unreadable(f"the archive is damaged: {excerpt(str(error))}") from error


def wheel_metadata(names: list[str]) -> str | None:
    """Return the name of the METADATA file of a wheel; a wheel has one ``.dist-info`` folder (PEP 427)."""
    return _only(name for name in names if name.endswith(".dist-info/METADATA") and name.count("/") == 1)


def licence_file(path: str) -> Callable[[list[str]], str | None]:
    """Return what finds a licence file in an archive: below ``.dist-info`` (PEP 639), else as it is written.

    The one folder of a source distribution need not be named.
    """

    def wanted(names: list[str]) -> str | None:
        for ending in (f".dist-info/licenses/{path}", f".dist-info/{path}"):
            if found := _only(name for name in names if name.endswith(ending)):
                return found
        return path if path in names else _only(name for name in names if name.partition("/")[2] == path)

    return wanted


def _only(names: Iterable[str]) -> str | None:
    found = list(names)
    return found[0] if len(found) == 1 else None


def unreadable(reason: str) -> EnvbuilderError:
    """Return the error for metadata that cannot be read."""
    return EnvbuilderError(
        reason, code="license/unreadable", hint="look at the package's own page, and clarify it in the policy"
    )
