"""Installing: from locked packages to a tree that is an environment, once it stands at its final path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import ToolError
from envbuilder.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envbuilder.conda.questions import Installed, Source
    from envbuilder.lock import CondaPackage
    from envbuilder.settings import Settings


def install(
    packages: Sequence[CondaPackage],
    *,
    tree: Path,
    final: Path,
    cache: Path,
    sources: Sequence[Source],
    settings: Settings,
    scratch: Path,
    progress: Progress = SILENT,
) -> Installed:
    """Lay out ``packages`` in ``tree``, which is made or is empty, with every prefix in it saying ``final``.

    ``cache`` is a folder of the store that many processes share; ``scratch`` one of our own, on the file system
    of ``tree``. Every archive is fetched from its source or out of the cache, its sha256 compared whatever its
    scheme, and looked through (envbuilder.archives) before anything of it is written. Link scripts and
    activation scripts never run; each is a finding (``build/link-script``, ``build/activate-script``).
    After an error ``tree`` is the caller's to remove. Raises PolicyError, BuildError (``build/…``),
    ArchiveRefused (``archive/…``), StoreError, ToolError where py-rattler is missing.
    """
    raise ToolError("not there yet")
