"""A lock as requirements with hashes, for every pip since 8.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envbuilder.lock import Artifact, Lock


def write_requirements(lock: Lock) -> str:
    """Return ``name==version --hash=sha256:…`` lines for ``pip install --require-hashes --no-deps``.

    No index options: where packages come from is the reader's business.
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
    return f"{artifact.name}=={artifact.version} \\\n    --hash=sha256:{artifact.sha256}"
