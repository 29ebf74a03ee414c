"""One version of a registered model, and its environment files as they should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.errors import UsageError
from envbuilder.reader.model import read_model
from envbuilder.redact import excerpt
from envbuilder.remote.gathering import Gathered, gather
from envbuilder.rewriter.files import FileEdit, rewrite_files
from envbuilder.rewriter.rewriting import rewrite

if TYPE_CHECKING:
    from envbuilder.findings import Change
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.spec import Rewritten

_VERSION = re.compile(r"models:(?://[^/]*)?/(?P<name>[^/@]+)/(?P<version>[0-9]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mended:
    """A version with what has to change in its files. ``uri`` has the number of the version in it."""

    uri: str
    name: str
    version: str
    rewritten: Rewritten
    edits: tuple[FileEdit, ...]

    @property
    def changed(self) -> dict[str, bytes]:
        """The files that change, as they should be."""
        return {edit.path: edit.after for edit in self.edits if edit.after != edit.before}

    @property
    def made(self) -> tuple[Change, ...]:
        """What is changed in the files."""
        return tuple(change for edit in self.edits for change in edit.changes)


def mended(uri: str, *, settings: Settings, policy: Policy, progress: Progress) -> Mended:
    """Read a version's environment files and rewrite them; the weights stay where they are.

    An alias or a stage means the version that it has now. Raises UsageError for what is no registered model,
    InputRefused, RemoteError, StoreError.
    """
    if not uri.startswith("models:"):
        raise _unregistered(uri)
    found = next(iter(gather([uri], settings=settings, policy=policy, progress=progress)))
    if not isinstance(found, Gathered):
        raise found
    exact = _VERSION.fullmatch(found.identity)
    if exact is None:
        raise _unregistered(uri)
    rewritten = rewrite(read_model(found.folder, name=found.identity), policy=policy)
    return Mended(
        uri=found.identity,
        name=exact["name"],
        version=exact["version"],
        rewritten=rewritten,
        edits=rewrite_files(rewritten),
    )


def _unregistered(uri: str) -> UsageError:
    return UsageError(
        f"{excerpt(uri)} is no version of a registered model",
        hint="name one: models:/NAME/VERSION or models:/NAME@ALIAS; for a folder use `envbuilder rewrite`",
    )
