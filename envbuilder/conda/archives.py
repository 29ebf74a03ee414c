"""Archives of conda packages in the store: each under its sha256, compared with it whenever it is used.

The store keeps archives, not unpacked packages: no file of an environment is then a second name of one in a
cache, and what a cache has become, whoever wrote to it, is seen before anything is made of it.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from envbuilder.archives.inspection import Form, form_of
from envbuilder.conda.records import SHA256
from envbuilder.errors import BuildError, StoreError
from envbuilder.redact import excerpt
from envbuilder.web import WebError

if TYPE_CHECKING:
    from envbuilder.conda.access import Access
    from envbuilder.lock import CondaPackage
    from envbuilder.redact import SafeUrl
    from envbuilder.web import Answer

FORMS: Final = (Form.CONDA, Form.TAR_BZ2)

_CHUNK: Final = 1 << 20


class Archives:
    """The archives of some channels. ``folder`` is shared by many processes; ``scratch`` is this one's own."""

    def __init__(self, folder: Path, scratch: Path, access: Access, *, offline: bool) -> None:
        self._folder = folder
        self._scratch = scratch
        self._access = access
        self._offline = offline

    def path(self, package: CondaPackage) -> Path:
        """Return a file with the locked bytes, fetched where the store has none.

        Raises BuildError (``build/hash-mismatch``, ``build/network``), StoreError, PolicyError.
        """
        form = form_of(package.filename)
        if form not in FORMS or not SHA256.fullmatch(package.sha256):
            raise BuildError(
                f"{excerpt(package.filename)} is no archive of a conda package, or has no sha256",
                code="build/hash-mismatch",
                hint="lock again with --refresh",
            )
        path = self._folder / package.sha256[:2] / f"{package.sha256}{form.value}"
        try:
            if not self._sound(path, package.sha256):
                self._fetch(package, path)
        except OSError as error:
            raise StoreError(
                f"cannot keep {excerpt(package.filename)}: {(error.strerror or str(error)).lower()}",
                hint=f"look at the disk and the rights of {self._folder}",
            ) from error
        return path

    def _sound(self, path: Path, sha256: str) -> bool:
        """Whether the store has the archive; one with other bytes is removed."""
        try:
            with path.open("rb") as stream:
                found = _digest(stream)
        except FileNotFoundError:
            return False
        if found == sha256:
            return True
        path.unlink(missing_ok=True)
        return False

    def _fetch(self, package: CondaPackage, path: Path) -> None:
        name = f"{package.subdir}/{package.url.secret.rpartition('/')[2]}"
        unfinished = self._scratch / f"{package.sha256}.part"

        def fetch(place: SafeUrl) -> bool:
            with self._access.open(place, name) as answer, unfinished.open("wb") as stream:
                found = _copy(answer, stream, package)
            if found != package.sha256:
                raise _other(package, place, found)
            return True

        try:
            self._access.first(package.channel, fetch)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(path)
        except WebError as error:
            raise _unreachable(package, error) from None
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()


def _digest(stream: IO[bytes]) -> str:
    whole = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        whole.update(chunk)
    return whole.hexdigest()


def _copy(answer: Answer, stream: IO[bytes], package: CondaPackage) -> str:
    """Copy all and return the sha256; what is longer than the locked file is not read to its end."""
    whole, size = hashlib.sha256(), 0
    while chunk := answer.read(_CHUNK):
        size += len(chunk)
        whole.update(chunk)
        if package.size and size > package.size:
            break
        stream.write(chunk)
    return whole.hexdigest()


def _other(package: CondaPackage, place: SafeUrl, found: str) -> BuildError:
    return BuildError(
        f"{excerpt(package.filename)} is not the file that was locked",
        code="build/hash-mismatch",
        detail=f"from {place}\nlocked sha256 {package.sha256}\nfound sha256 {found}",
        hint="the channel or its mirror gave another file; lock again with --refresh, and ask who changed it",
    )


def _unreachable(package: CondaPackage, error: WebError) -> BuildError:
    return BuildError(
        f"cannot fetch {excerpt(package.filename)}: {error.message}", code="build/network", hint=error.hint
    )
