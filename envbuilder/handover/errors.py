"""Why an environment cannot be handed over."""

from __future__ import annotations

from envbuilder.errors import EnvbuilderError


class HandoverError(EnvbuilderError):
    """MLflow could not find, or could not use, the environment."""

    default_code = "handover/failed"
