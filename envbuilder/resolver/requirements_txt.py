"""A lock as requirements with hashes, for every pip since 8.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.lock import Commit, LinkedArchive, ModelFile, ModelTree

if TYPE_CHECKING:
    from envbuilder.lock import Artifact, Lock

_UNPROVED = "# pip cannot check the hash of source: leave --require-hashes out"


def write_requirements(lock: Lock) -> str:
    """Return ``name==version --hash=sha256:…`` lines for ``pip install --require-hashes --no-deps``.

    No index options: where packages come from is the reader's business. What the model brings itself is named
    relative to the model; a source tree and a commit have no hash that pip knows.
    """
    target = lock.target
    head = [
        f"# python {target.python}, {target.platform} ({target.floor})",
        f"# spec {lock.spec_id}",
        f"# lock {lock.lock_id}",
    ]
    if lock.as_of:
        head.append(f"# as of {lock.as_of.isoformat()}")
    return "\n".join([*head, *(_line(artifact) for artifact in lock.artifacts)]) + "\n"


def _line(artifact: Artifact) -> str:
    proof = f"\\\n    --hash=sha256:{artifact.sha256}"
    match artifact.source:
        case None:
            return f"{artifact.name}=={artifact.version} {proof}"
        case LinkedArchive():
            return f"{artifact.name} @ {artifact.url.stripped} {proof}"
        case ModelFile(path=path):
            return f"./{path} {proof}"
        case ModelTree(path=path):
            return f"{_UNPROVED}\n./{path}"
        case Commit(commit=commit, subdirectory=subdirectory):
            fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
            return f"{_UNPROVED}\n{artifact.name} @ git+{artifact.url.stripped}@{commit}{fragment}"
