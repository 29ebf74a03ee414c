"""Where things stand in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def site_folders(prefix: Path) -> tuple[Path, ...]:
    """Return the folders of packages, each once: conda's Python 3.10 has a link ``python3.1`` beside its own."""
    found = sorted(prefix.glob("lib/python*/site-packages"))
    return tuple(folder for folder in found if not folder.parent.is_symlink())
