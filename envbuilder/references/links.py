"""Archives that a model names by their URL: fetched by ourselves, under the sha256 that the model gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import BuildError
from envbuilder.reader import limits
from envbuilder.references.shelf import CHUNK
from envbuilder.web import Web, WebError, retried

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envbuilder.redact import SafeUrl
    from envbuilder.references.shelf import Shelf, Sink
    from envbuilder.settings import Settings


def fetch_archive(
    url: SafeUrl, sha256: str, filename: str, *, settings: Settings, indexes: Sequence[SafeUrl], shelf: Shelf
) -> Path:
    """Return the archive on the shelf, fetched if it is not there. What an index takes goes to its host alone.

    Raises BuildError: ``build/network``, ``build/hash-mismatch``, ``input/too-long``.
    """
    path = shelf.path(sha256, filename)
    if path.is_file():
        return path
    web = Web(variables=dict(settings.tool_variables), indexes=indexes, offline=settings.offline)

    def fill(sink: Sink) -> None:
        with web.open(url) as answer:
            while chunk := answer.read(CHUNK):
                sink.write(chunk)
                if sink.size > limits.WHEEL_BYTES:
                    raise BuildError(
                        f"{url} is longer than {limits.WHEEL_BYTES} bytes", code="input/too-long"
                    )

    def check(sink: Sink) -> None:
        if sink.sha256 != sha256:
            raise BuildError(
                f"{url} is not the file that the model names",
                code="build/hash-mismatch",
                detail=f"named sha256 {sha256}\nfound sha256 {sink.sha256}",
                hint="ask who changed the file; correct the hash only if the new file is the right one",
            )

    try:
        return retried(lambda: shelf.keep(filename, fill, check=check))
    except WebError as error:
        raise BuildError(error.message, code="build/network", hint=error.hint) from None
