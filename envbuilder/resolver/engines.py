"""The engines by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import ToolError, UsageError
from envbuilder.policy import DEFAULT
from envbuilder.resolver.pip_tools import PipToolsEngine
from envbuilder.resolver.uv import UvEngine

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.policy import Policy
    from envbuilder.request import EngineName
    from envbuilder.resolver.engine import Engine
    from envbuilder.settings import Settings


def engine_for(name: EngineName, *, settings: Settings, cache: Path, policy: Policy = DEFAULT) -> Engine:
    """Return the engine of that name; ``auto`` is uv, or pip on a host without uv.

    ``cache`` is the store's folder for the engine's own cache. Raises ToolError if the engine is not
    installed, UsageError for one that cannot resolve the index's packages.
    """
    index, builds = policy.sources.indexes, policy.builds
    match name:
        case "uv":
            return UvEngine(settings=settings, cache=cache, index=index, builds=builds)
        case "pip":
            return PipToolsEngine(settings=settings, cache=cache, index=index, builds=builds)
        case "auto":
            try:
                return UvEngine(settings=settings, cache=cache, index=index, builds=builds)
            except ToolError:
                return PipToolsEngine(settings=settings, cache=cache, index=index, builds=builds)
        case "conda":
            raise UsageError("the conda engine is not part of this version", hint="use --engine uv")
