"""From what a user types to a folder that the reader takes, whatever kind of name it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.locate import locate, remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress

if TYPE_CHECKING:
    from envbuilder.policy import Policy
    from envbuilder.settings import Settings


def located(model: str, *, settings: Settings, policy: Policy = DEFAULT, progress: Progress = SILENT) -> Path:
    """Return the folder of a model: its own, or one in the store with its environment files (never the weights).

    Raises UsageError, RemoteError, StoreError, ToolError.
    """
    if not remote(model):
        return locate(model)
    from envbuilder.errors import EnvbuilderError
    from envbuilder.remote.gathering import gather

    progress.phase("fetch", model)
    found = next(iter(gather([model], settings=settings, policy=policy, progress=progress)))
    if isinstance(found, EnvbuilderError):
        raise found
    return found.folder
