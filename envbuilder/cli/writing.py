"""Files written for the user: whole or not at all, never through a link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envbuilder.cli.terminal import say
from envbuilder.digests import digest_bytes
from envbuilder.errors import UsageError
from envbuilder.redact import excerpt, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from envbuilder.spec import Rewritten


def environment_files(rewritten: Rewritten) -> dict[str, bytes]:
    """Return a model's environment files as they were read; one includes another, half a set is of no use."""
    read = rewritten.original.provenance.files
    # Of wheels only the digest is known.
    return {f.path: f.content for f in read if f.path != "MLmodel" and digest_bytes(f.content) == f.sha256}


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files below a folder and return their paths. Raises UsageError if one cannot be written."""
    return [write_file(folder / path, content) for path, content in files.items()]


def write_pieces(place: Path, pieces: Iterable[str]) -> None:
    """Write a report piece by piece. Raises UsageError."""
    try:
        with place.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
    except OSError as error:
        raise _unwritable(place, error) from error
    tell_written([place])


def write_file(place: Path, content: bytes) -> Path:
    """Write one file, and the folders above it. Raises UsageError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            raise UsageError(
                f"{excerpt(str(place))} is a link; what it leads to is not touched", hint="write elsewhere"
            )
        _replace(place, content)
    except OSError as error:
        raise _unwritable(place, error) from error
    return place


def _unwritable(place: Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"{excerpt(str(place))} cannot be written: {reason}", hint="choose another place")


def tell_written(places: Iterable[Path]) -> None:
    """Tell on stderr what was written."""
    for place in places:
        say(f"wrote {visible(str(place))}")


def _replace(place: Path, content: bytes) -> None:
    """Write a file whole or not at all: a model must not lose its own to a full disk or a kill."""
    mode = place.stat().st_mode & 0o777 if place.exists() else None
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with unfinished.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            unfinished.chmod(mode)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
