"""The files of a model that its direct references mean: kept in the store, so that nobody reads the model again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.references import ARCHIVES
from envbuilder.reader.trees import members
from envbuilder.redact import excerpt
from envbuilder.references.packing import FILENAME, pack
from envbuilder.spec import ReferenceKind, SourceFile

if TYPE_CHECKING:
    from envbuilder.policy import Sources
    from envbuilder.reader.directory import Directory
    from envbuilder.references.shelf import Shelf, Sink
    from envbuilder.spec import DirectReference, EnvSpec


def sealed(spec: EnvSpec, directory: Directory, sources: Sources, shelf: Shelf) -> EnvSpec:
    """Return the spec with the sha256 of every archive and source tree of the model that the policy opens.

    Their bytes are on the shelf then. A tree is listed in ``provenance.files`` with a slash at its end, by the
    sha256 of our archive of it. What is not open stays unread. Raises Refusal for a tree that is none,
    EnvbuilderError (``input/changed``) for a file that is another one than the parser read.
    """
    direct: list[DirectReference] = []
    files = {file.path: file for file in spec.provenance.files}
    for reference in spec.direct:
        found = reference
        if reference.path and _open(reference, sources):
            found = _sealed(reference, directory, shelf)
        if found is not reference:
            path = f"{found.path}/"
            digest = found.digest.removeprefix("sha256:")
            files[path] = SourceFile(path=path, sha256=digest, content=b"")
        direct.append(found)
    provenance = replace(spec.provenance, files=tuple(files[path] for path in sorted(files)))
    return replace(spec, direct=tuple(direct), provenance=provenance)


def tree_digest(directory: Directory, path: str) -> str:
    """Return the sha256 of a source tree of the model as it is now. Raises as sealed() does."""
    state = hashlib.sha256()
    pack(members(directory, path), state.update)
    return state.hexdigest()


def is_archive(reference: DirectReference) -> bool:
    """Whether a path of the model names one file, not a source tree."""
    return reference.path.lower().endswith(ARCHIVES)


def _open(reference: DirectReference, sources: Sources) -> bool:
    verdict = sources.editable if reference.kind is ReferenceKind.EDITABLE else sources.local
    return verdict != "deny"


def _sealed(reference: DirectReference, directory: Directory, shelf: Shelf) -> DirectReference:
    """Return a tree with its digest; an archive has its own already."""
    path, origin = reference.path, reference.origin
    if is_archive(reference):
        if reference.digest:
            _keep_archive(reference, directory, shelf)
        return reference
    kept = shelf.keep(FILENAME, lambda sink: pack(members(directory, path, origin), sink.write))
    return replace(reference, digest=f"sha256:{kept.parent.name}")


def _keep_archive(reference: DirectReference, directory: Directory, shelf: Shelf) -> None:
    path, origin = reference.path, reference.origin
    wanted = reference.digest.removeprefix("sha256:")
    if shelf.path(wanted, path).is_file():
        return

    def fill(sink: Sink) -> None:
        for chunk in directory.chunks(path, origin=origin):
            sink.write(chunk)

    def check(sink: Sink) -> None:
        if sink.sha256 != wanted:
            raise EnvbuilderError(
                f"{excerpt(path)} was another file a moment ago",
                code="input/changed",
                origin=origin,
                hint="run again when nobody writes to the model",
            )

    shelf.keep(path, fill, check=check)
