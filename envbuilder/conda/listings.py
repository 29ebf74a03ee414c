"""Channels' lists of their packages (repodata), kept in the store and asked for again when they are old.

One process fetches a list at a time, the others wait for it; a killed one leaves a file that the next removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from envbuilder.archives.packed import piped
from envbuilder.archives.zstandard import zstd_stream
from envbuilder.digests import digest
from envbuilder.errors import StoreError
from envbuilder.web import WebError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.conda.access import Access
    from envbuilder.redact import SafeUrl
    from envbuilder.web import Answer

FORMS: Final = ("repodata.json.zst", "repodata.json")
"""What servers may have, the smallest first."""

LARGEST: Final = 4 << 30
"""Bytes of an unpacked list; conda-forge's largest has some 300 MB."""

LONGEST: Final = 3600
"""Seconds for which a list counts as new, whatever its server says."""

_HINT: Final = "check the channel's name and its mirrors"
_CHUNK: Final = 1 << 20
_INDEXED: Final = b'"indexed_timestamp"'
_IGNORED: Final = b'"indexed-timestamp"'
_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    """What is known of the list that lies in the store."""

    place: str
    """The digest of where it came from."""
    form: str
    etag: str
    modified: str
    asked: float
    """Seconds since 1970."""
    fresh: int
    """Seconds for which nobody needs to ask again."""
    file: str
    size: int


class Listings:
    """The lists of some channels. ``folder`` is shared by many processes."""

    def __init__(self, folder: Path, access: Access, *, offline: bool) -> None:
        self._folder = folder
        self._access = access
        self._offline = offline

    def path(self, channel: str, subdir: str) -> Path | None:
        """Return the list of a channel for a platform, None where the channel has none.

        The file never changes. Raises WebError, PolicyError, StoreError.
        """
        folder = self._folder / digest([channel, subdir])[:32]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                path = self._current(folder, channel, subdir)
                if path:
                    os.utime(path)
                return path
        except OSError as error:
            raise StoreError(
                f"cannot keep the list of a channel in {folder}: {(error.strerror or str(error)).lower()}",
                hint="look at the disk and the rights of the store",
            ) from error

    def missing(self, channel: str) -> WebError:
        """Return the error for a channel that has no list for the platforms that were asked for."""
        place = self._access.places(channel)[-1]
        return WebError(
            place,
            "it has no list of packages",
            passing=False,
            hint="check the channel's name and its mirrors",
        )

    def _current(self, folder: Path, channel: str, subdir: str) -> Path | None:
        state = _read(folder)
        if state and (self._offline or 0 <= time.time() - state.asked < state.fresh):
            return folder / state.file
        return self._access.first(channel, lambda place: self._fetched(folder, place, subdir, state))

    def _fetched(self, folder: Path, place: SafeUrl, subdir: str, state: _State | None) -> Path | None:
        here = digest(place.stripped)
        state = state if state and state.place == here else None
        for form in FORMS:
            known = state if state and state.form == form else None
            try:
                with self._access.open(place, f"{subdir}/{form}", _conditions(known)) as answer:
                    return _keep(folder, answer, place=here, form=form)
            except WebError as error:
                if error.status == 304 and known:
                    _write(folder, known, asked=time.time())
                    return folder / known.file
                if error.status not in (403, 404, 410) and not _no_file(error):
                    raise
        return None


def _no_file(error: WebError) -> bool:
    """Whether a ``file:`` URL names nothing."""
    return "No such file" in error.reason


def _conditions(state: _State | None) -> dict[str, str]:
    """Return the headers by which a server says that a list is the same (RFC 9110, 13)."""
    if state is None:
        return {}
    named = {"If-None-Match": state.etag, "If-Modified-Since": state.modified}
    return {name: value for name, value in named.items() if value}


def _keep(folder: Path, answer: Answer, *, place: str, form: str) -> Path:
    """Write a list under a name of its own, and then that it is the one to use."""
    unfinished = folder / "list.json.part"
    with unfinished.open("wb") as stream:
        size, found = _copy(answer, stream, packed=form.endswith(".zst"))
    name = f"{found}.json"
    unfinished.replace(folder / name)
    age = _AGE.search(answer.headers.get("Cache-Control", ""))
    state = _State(
        place=place, form=form, etag=answer.headers.get("ETag", ""),
        modified=answer.headers.get("Last-Modified", ""), asked=time.time(),
        fresh=min(int(age[1]), LONGEST) if age else 0, file=name, size=size,
    )  # fmt: skip
    _write(folder, state, asked=state.asked)
    _remove_others(folder, name)
    return folder / name


def _copy(answer: Answer, stream: IO[bytes], *, packed: bool) -> tuple[int, str]:
    """Copy, and return size and sha256 of what came out. Raises WebError for too much, or for damage."""
    chunks = _chunks(answer)
    source = zstd_stream(piped(chunks)) if packed else piped(chunks)
    size, whole = 0, hashlib.sha256()
    for chunk in _by_build(iter(functools.partial(_some, source, answer), b"")):
        if not size and not chunk.lstrip().startswith(b"{"):
            break
        size += len(chunk)
        whole.update(chunk)
        if size > LARGEST:
            raise WebError(answer.url, f"more than {LARGEST} bytes", code="web/size", passing=False)
        stream.write(chunk)
    if not size:
        raise WebError(answer.url, "it sends no list of packages", passing=False, hint=_HINT)
    return size, whole.hexdigest()


def _by_build(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a list in which no package has a time but that of its build.

    The other one is when a package came to this very server: behind a mirror that made its own list all are
    new, and a lock must not depend on who serves a channel. Under another name of the same length it is
    nothing to py-rattler.
    """
    rest = b""
    for chunk in chunks:
        data = (rest + chunk).replace(_INDEXED, _IGNORED)
        cut = max(len(data) - len(_INDEXED) + 1, 0)
        rest = data[cut:]
        if cut:
            yield data[:cut]
    if rest:
        yield rest


def _some(source: Any, answer: Answer) -> bytes:
    try:
        found: bytes = source.read(_CHUNK)
    except (WebError, OSError):
        raise
    except Exception as error:
        # zstd's own error has another home in each library; cut off it is an EOFError.
        if type(error).__name__ not in ("ZstdError", "EOFError"):
            raise
        raise WebError(answer.url, "the list is damaged", passing=True) from None
    return found


def _chunks(answer: Answer) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK):
        yield chunk


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(folder: Path) -> _State | None:
    """Return what is known; None where nothing is, or where the file is not the one that was written."""
    try:
        match json.loads((folder / "state.json").read_bytes()):
            case {
                "place": str(place), "form": str(form), "etag": str(etag), "modified": str(modified),
                "asked": float(asked), "fresh": int(fresh), "file": str(file), "size": int(size),
            } if "/" not in file and (folder / file).stat().st_size == size:  # fmt: skip
                return _State(
                    place=place, form=form, etag=etag, modified=modified, asked=asked, fresh=fresh, file=file, size=size
                )  # fmt: skip
    except (OSError, ValueError, RecursionError):
        pass
    return None


def _write(folder: Path, state: _State, *, asked: float) -> None:
    fields = {name: getattr(state, name) for name in _State.__dataclass_fields__}
    unfinished = folder / "state.json.part"
    unfinished.write_text(json.dumps({**fields, "asked": asked}), encoding="utf-8")
    unfinished.replace(folder / "state.json")


def _remove_others(folder: Path, name: str) -> None:
    """Remove the lists of before; one that another process was told of within the hour stays."""
    for path in folder.glob("*.json"):
        if path.name not in (name, "state.json"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > LONGEST:
                    path.unlink()
